// A second editor who asks for changes is asked for words on them first. Without this script it is asked without words.

document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest("[data-decide]");
    if (!button || !window.ModalWorkflow) return;
    event.preventDefault();
    event.stopPropagation();
    window.ModalWorkflow({
      url: button.formAction,
      triggerElement: button,
      onload: {
        action: (modal) => modal.ajaxifyForm(window.jQuery("form", modal.body)),
        success: (modal, answer) => window.location.assign(answer.redirect),
      },
    });
  },
  { capture: true },
);
