// Gives fields of words the direction of their language, whatever the language of the form around them.
// A page says its language (panels.py); the editor of translations has it in its data. Names of numbers stay as they are.

const RIGHT_TO_LEFT = ["ar"];
const WORDS = "textarea, input[type=text]";

function direction(code) {
  return RIGHT_TO_LEFT.includes(code) ? "rtl" : "ltr";
}

function give(root, code) {
  for (const field of root.querySelectorAll(WORDS)) {
    if (!field.hasAttribute("dir")) {
      const isName = /-(name|by|first|second|anchor)$|^headline$|^slug$/.test(field.name);
      field.dir = isName ? "ltr" : direction(code);
      if (!isName) field.lang = code;
    }
  }
}

function follow(root, code) {
  give(root, code);
  new MutationObserver(() => give(root, code)).observe(root, { childList: true, subtree: true });
}

function begin() {
  const said = document.querySelector("[data-words-language]");
  if (said) follow(document.querySelector("form[data-edit-form], #page-edit-form, main") || document.body, said.dataset.wordsLanguage);
  const editor = document.querySelector(".js-translation-editor");
  if (editor) {
    const { locale, sourceLocale } = JSON.parse(editor.dataset.props);
    follow(editor, locale.code);
    editor.dataset.source = sourceLocale.code;
  }
}

begin();
