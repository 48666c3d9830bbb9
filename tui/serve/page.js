document.addEventListener("DOMContentLoaded", () => {
  const start = document.getElementById("start");
  start.addEventListener("click", () => window.location.reload());
  if (document.body.classList.contains("-closed")) start.focus();
  new MutationObserver(() => {
    const has = (name) => document.body.classList.contains(name);
    if (has("-closed")) start.focus();
    else if (has("-first-byte")) document.querySelector(".xterm-helper-textarea")?.focus();
  }).observe(document.body, { attributeFilter: ["class"] });
});
