// Copies the link to a chart, and the code that shows it within another page. Without this script both can be selected.
// A site that does not know its own address learns it here, so that the code is right for whoever reads it.
(() => {
  const code = document.getElementById("code"), tools = document.getElementById("copying");
  const said = document.getElementById("copied"), unknown = document.getElementById("no-address");
  if (unknown && location.protocol.startsWith("http")) {
    code.textContent = code.textContent.replace('src="/', () => `src="${location.origin}/`);
    unknown.remove();
  }
  const published = document.querySelector("link[rel=canonical]")?.href ?? location.origin + location.pathname;
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = tools.dataset.copied;
    } catch {
      said.textContent = tools.dataset.failed;
    }
  };
  document.getElementById("copy-link").addEventListener("click", () => copy(published));
  document.getElementById("copy-code").addEventListener("click", () => copy(code.textContent));
  tools.hidden = false;
})();
