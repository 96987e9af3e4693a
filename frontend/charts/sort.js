// Tables with a row for each run: a press on the head of a column sorts the rows by it.

/** Makes the heads of the tables sort. @param {Document | Element} root */
export function sortTables(root) {
  for (const table of root.querySelectorAll("table")) {
    const heads = [.../** @type {NodeListOf<HTMLElement>} */ (table.querySelectorAll("th[data-sort]"))];
    const rows = [...(table.tBodies[0]?.rows ?? [])];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const direction = head.ariaSort === "descending" ? "ascending" : "descending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        // The first column brings back the order of the runs.
        if (column > 0) head.setAttribute("aria-sort", direction);
        table.tBodies[0]?.append(...(column > 0 ? sorted(rows, column, direction === "ascending") : rows));
      });
    });
  }
}

/**
 * Rows by the values of a column; those without one are last.
 *
 * @param {HTMLTableRowElement[]} rows
 * @param {number} column
 * @param {boolean} isAscending
 */
function sorted(rows, column, isAscending) {
  const known = rows.map((row) => {
    const cell = row.cells[column];
    const number = cell?.dataset["value"];
    return { row, number: number === undefined ? NaN : Number(number), text: cell?.textContent ?? "" };
  });
  const sign = isAscending ? 1 : -1;
  known.sort((a, b) => {
    const [isLeft, isRight] = [Number.isNaN(a.number), Number.isNaN(b.number)];
    if (isLeft !== isRight) return isLeft ? 1 : -1;
    return sign * (isLeft ? a.text.localeCompare(b.text) : a.number - b.number);
  });
  return known.map(({ row }) => row);
}
