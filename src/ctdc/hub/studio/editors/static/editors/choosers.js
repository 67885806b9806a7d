// Begins Wagtail's choosers of days and times, which it begins with scripts within its pages; those are not allowed here.

function begin(root) {
  for (const found of root.querySelectorAll("template[data-chooser]")) {
    const start = window[found.dataset.chooser];
    if (start && !found.dataset.begun) {
      found.dataset.begun = "yes";
      start(found.dataset.field, JSON.parse(found.dataset.config));
    }
  }
}

begin(document);

// The list of languages into which a page can be translated: one box for all of them.
const all = document.querySelector("[name=select_all]");
if (all) {
  all.addEventListener("change", () => {
    for (const box of document.querySelectorAll("[name=locales]")) box.checked = all.checked;
  });
}
