// Where a site was built without its address, examples name addresses from its root. With this script they are whole,
// so that they can be copied, and the line that asks to put the address in front is not needed.
(() => {
  if (!/^https?:$/.test(location.protocol)) return;
  for (const start of document.querySelectorAll("[data-start]")) start.textContent = location.origin;
  for (const line of document.querySelectorAll("[data-no-start]")) line.hidden = true;
})();
