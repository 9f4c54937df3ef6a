"use strict";
// A button beside each table that puts it on the clipboard for a paper: rounded as shown, with its caption and rules.
{
  const said = document.createElement("p");
  said.className = "unseen";
  said.setAttribute("role", "status");
  document.body.append(said);

  const words = cell => {
    const copy = cell.cloneNode(true);
    for (const aside of copy.querySelectorAll(".meaning")) aside.remove();
    for (const end of copy.querySelectorAll("br")) end.replaceWith("; ");
    for (const item of copy.querySelectorAll("li + li")) item.prepend("; ");
    return copy.textContent.replace(/\s+/g, " ").trim();
  };
  const asText = table =>
    [...table.rows].map(row => [...row.cells].map(words).join("\t")).join("\n") + "\n";
  const asPage = table => {
    const copy = table.cloneNode(true);
    for (const aside of copy.querySelectorAll(".meaning")) aside.remove();
    for (const button of copy.querySelectorAll("button")) button.replaceWith(...button.childNodes);
    for (const element of [copy, ...copy.querySelectorAll("*")]) {
      for (const name of element.getAttributeNames()) {
        if (!["colspan", "scope", "dir"].includes(name)) element.removeAttribute(name);
      }
    }
    copy.style.cssText = "border-collapse:collapse;border-top:1.5pt solid;border-bottom:1.5pt solid";
    for (const cell of copy.tHead?.rows[0].cells ?? []) cell.style.borderBottom = "0.75pt solid";
    return copy.outerHTML;
  };
  // A page from disk may not use the clipboard in every browser; to fill what is being copied works in all of them.
  const copied = table => {
    const fill = event => {
      event.clipboardData.setData("text/html", asPage(table));
      event.clipboardData.setData("text/plain", asText(table));
      event.preventDefault();
    };
    const selection = getSelection();
    selection.selectAllChildren(table);
    document.addEventListener("copy", fill);
    const done = document.execCommand("copy");
    document.removeEventListener("copy", fill);
    selection.removeAllRanges();
    return done;
  };

  for (const tools of document.querySelectorAll(".tools[data-of]")) {
    const table = document.querySelector(`[data-table="${tools.dataset.of}"] table`);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${tools.previousElementSibling.getAttribute("aria-label")}`);
    button.addEventListener("click", () => {
      said.textContent = copied(table) ? "The table is on the clipboard." : "This browser did not copy the table.";
      button.textContent = said.textContent.startsWith("The") ? "Copied" : "Not copied";
      setTimeout(() => { button.textContent = "Copy"; said.textContent = ""; }, 2000);
    });
    tools.prepend(button);
  }
}
