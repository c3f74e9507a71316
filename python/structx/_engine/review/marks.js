// The text of a page with its headings, tables and marks; and selections in it.

/** Draws the text of a page. Marks are elements with the numbers of their fields. */
function drawText(page, statusOf) {
  const { text, offsets, start } = page;
  const unit = (point) => offsets.unit(Math.max(0, Math.min(point, page.end) - start));
  const marks = marksOf(page, unit);
  const body = element("div", { class: "text", dir: "auto" });
  const parts = [
    ...page.headings.map(([first, last, level]) => ({ from: unit(first), to: unit(last), level })),
    ...page.tables.map(([first, last, cells]) => ({ from: unit(first), to: unit(last), cells })),
  ].sort((one, other) => one.from - other.from);
  let at = 0;
  for (const part of parts) {
    if (part.from < at) continue;
    drawRange(body, at, beforeBlock(text, at, part));
    body.append(part.cells ? drawTable(part.cells) : drawHeading(part));
    at = afterBlock(text, part.to);
  }
  drawRange(body, at, text.length);
  return body;

  function drawRange(parent, from, to) {
    for (const [first, last, fields] of pieces(marks, from, to)) {
      const attributes = fields.length
        ? { class: `mark ${statusOf(fields[0])}`, "data-fields": fields.join(" ") } : {};
      parent.append(element(
        fields.length ? "mark" : "span", { ...attributes, "data-at": first }, text.slice(first, last)));
    }
  }

  function drawHeading({ from, to, level }) {
    const heading = element("div", { class: `heading level-${Math.min(level, 6)}` });
    drawRange(heading, from, to);
    return heading;
  }

  function drawTable(cells) {
    const columns = [...new Set(cells.map(([, column]) => column))].sort((one, other) => one - other);
    const place = new Map(columns.map((column, index) => [column, index]));
    const body = element("tbody");
    let row = null, line = null, next = 0;
    for (const [number, column, first, last, address] of cells) {
      if (number !== row) {
        line = element("tr");
        body.append(line);
        row = number;
        next = 0;
      }
      const gap = place.get(column) - next;
      if (gap > 0) line.append(element("td", { colspan: gap > 1 ? gap : null }));
      const cell = element("td", { title: address });
      drawRange(cell, unit(first), unit(last));
      line.append(cell);
      next = place.get(column) + 1;
    }
    return element("div", { class: "table" }, element("table", { role: "presentation" }, body));
  }
}

/** Where the text before a heading or table ends, without line breaks and the marker of a heading. */
function beforeBlock(text, at, part) {
  let end = part.from;
  const marker = /(?:^|\n)(#{1,6} )$/.exec(text.slice(Math.max(at, end - 10), end));
  if (marker && part.level) end -= marker[1].length;
  while (end > at && text[end - 1] === "\n") end--;
  return end;
}

function afterBlock(text, from) {
  let at = from;
  while (text[at] === "\n") at++;
  return at;
}

/** The marks of a page in units of its text: [first, last, field], by their beginning. */
function marksOf(page, unit) {
  const marks = [];
  for (const [field, spans] of page.marks) {
    for (const { start, end } of spans) {
      if (start < page.end && end > page.start) marks.push([unit(start), unit(end), field]);
    }
  }
  return marks.sort((one, other) => one[0] - other[0]);
}

/** Cuts a range where marks begin and end: [first, last, fields that cover it]. */
function pieces(marks, from, to) {
  if (from >= to) return [];
  const within = marks.filter(([first, last]) => first < to && last > from);
  const edges = new Set([from, to]);
  for (const [first, last] of within) {
    edges.add(Math.max(first, from));
    edges.add(Math.min(last, to));
  }
  const cuts = [...edges].sort((one, other) => one - other);
  return cuts.slice(1).map((last, index) => {
    const covering = within.filter((mark) => mark[0] < last && mark[1] > cuts[index]);
    return [cuts[index], last, covering.map((mark) => mark[2])];
  });
}

/** The place that is selected in the text of one row: {start, end, text}; null if there is none. */
function selectedPlace(pageAt) {
  const selection = document.getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const start = pointAt(range.startContainer, range.startOffset, pageAt);
  const end = pointAt(range.endContainer, range.endOffset, pageAt);
  if (!start || !end || start.row !== end.row || end.point <= start.point) return null;
  return { row: start.row, start: start.point, end: end.point, text: selection.toString() };
}

function pointAt(node, offset, pageAt) {
  const piece = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest("[data-at]");
  const page = piece && pageAt(piece);
  if (!page) return null;
  const within = node.nodeType === Node.TEXT_NODE ? offset : offset ? piece.textContent.length : 0;
  return { row: page.row, point: page.start + page.offsets.point(Number(piece.dataset.at) + within) };
}
