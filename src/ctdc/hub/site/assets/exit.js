// "Exit this page" works as a link without this script. With it, the page's own entry in the history is replaced,
// the page goes blank at once, and pressing Shift three times within a few seconds does the same.
(() => {
  const link = document.getElementById("exit");
  if (!link) return;
  const leave = (event) => {
    event.preventDefault();
    document.body.hidden = true;
    document.title = "\u200b";
    window.location.replace(link.href);
  };
  link.addEventListener("click", leave);
  let presses = [];
  document.addEventListener("keyup", (event) => {
    if (event.key !== "Shift") {
      presses = [];
      return;
    }
    presses = [...presses, event.timeStamp].filter((time) => event.timeStamp - time < 5000);
    if (presses.length >= 3) leave(event);
  });
})();
