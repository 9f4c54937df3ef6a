"use strict";
// What a phone need not show at once is folded there; a link to something inside opens it, and so does printing.
{
  const folds = [...document.querySelectorAll("details.fold")];
  const narrow = matchMedia("(max-width: 40rem)");
  const fold = () => { for (const one of folds) one.open = !narrow.matches; };
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const inside = target.matches("figure") ? target.querySelector("details.fold") : target.closest("details");
    if (inside && !inside.open) {
      inside.open = true;
      target.scrollIntoView();
    }
  };
  let before = [];
  addEventListener("beforeprint", () => {
    before = [...document.querySelectorAll("details:not([open])")];
    for (const one of before) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of before) one.open = false; });
  addEventListener("hashchange", reveal);
  narrow.addEventListener("change", fold);
  fold();
  reveal();
}
