"use strict";
// Tables of the class "sortable" are sorted by their column heads; without this script they stay in their order.
// A column of numbers is one whose head says so, or has the class "n"; it is sorted by the full values of its cells.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const value = (row, column, numeric) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    return numeric ? (text === "" ? NaN : Number(text)) : text;
  };
  const compare = (a, b, numeric) => (numeric ? a - b : a.localeCompare(b, undefined, { numeric: true }));
  const missing = (found, numeric) => (numeric ? Number.isNaN(found) : found === "");
  const sort = (column, numeric, direction) => {
    const rows = [...original];
    if (direction) {
      rows.sort((first, second) => {
        const a = value(first, column, numeric);
        const b = value(second, column, numeric);
        // What is missing stands last in both directions.
        if (missing(a, numeric) || missing(b, numeric)) return missing(a, numeric) - missing(b, numeric);
        return direction * compare(a, b, numeric);
      });
    }
    body.append(...rows);
  };
  heads.forEach((head, column) => {
    const numeric = (head.dataset.sort ?? (head.classList.contains("n") ? "number" : "text")) === "number";
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const after = before === "ascending" ? "descending" : before === "descending" ? null : "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      if (after) head.setAttribute("aria-sort", after);
      sort(column, numeric, { ascending: 1, descending: -1 }[after]);
    });
  });
}
