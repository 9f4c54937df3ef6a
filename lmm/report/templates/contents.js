"use strict";
// The contents mark the section that is being read, and keep its link in sight where they are a strip or a long list.
{
  const contents = document.querySelector("nav.contents");
  const list = contents.querySelector("ol");
  const links = [...list.querySelectorAll("a")];
  const sections = links.map(link => document.querySelector(link.getAttribute("href")));
  let current = null;
  const show = link => {
    const [box, inside] = [link.getBoundingClientRect(), list.getBoundingClientRect()];
    if (box.left < inside.left || box.right > inside.right) list.scrollLeft += box.left - inside.left - 16;
    const frame = contents.getBoundingClientRect();
    if (box.top < frame.top || box.bottom > frame.bottom) contents.scrollTop += box.top - frame.top - 16;
  };
  const mark = () => {
    const passed = sections.findLastIndex(section => section.getBoundingClientRect().top <= innerHeight / 3);
    const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    const here = atEnd ? links.at(-1) : links[Math.max(passed, 0)];
    if (here === current) return;
    current?.removeAttribute("aria-current");
    here.setAttribute("aria-current", "location");
    current = here;
    show(here);
  };
  addEventListener("scroll", mark, { passive: true });
  addEventListener("resize", mark);
  mark();
}
