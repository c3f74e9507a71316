// The fields of the current row, nested as in its items, drawn in groups while they are near.

const GROUP = 50;
const FIELD_HEIGHT = 30;

class Fields {
  constructor(model, decisions, { onPick }) {
    this.decisions = decisions;
    this.row = null;
    this.current = null;
    this.root = document.getElementById("fields");
    this.groups = [];
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.#draw(this.groups[Number(target.dataset.group)]);
      }
    }, { root: this.root, rootMargin: "600px 0px" });
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-field]");
      if (button) onPick(model.fields[Number(button.dataset.field)]);
    });
  }

  /** Shows the fields of a field's row, and this one among them. */
  show(field) {
    if (this.row !== field.row) this.#open(field.row);
    const before = this.current;
    this.current = field;
    this.#draw(this.groupOf.get(field));
    for (const one of [before, field]) if (one) this.update(one);
    this.keepInView();
  }

  keepInView() {
    if (this.current) this.#button(this.current)?.scrollIntoView({ block: "nearest" });
  }

  /** Draws a field again, whose decision has changed. */
  update(field) {
    const button = this.#button(field);
    if (button) button.replaceWith(this.#line(field, Number(button.dataset.depth)));
  }

  focus() {
    if (this.current) this.#button(this.current)?.focus({ preventScroll: true });
  }

  #button(field) {
    if (field.row !== this.row) return null;
    return this.root.querySelector(`button[data-field="${field.index}"]`);
  }

  #open(row) {
    this.row = row;
    this.current = null;
    this.observer.disconnect();
    const lines = linesOf(row.fields);
    this.groups = [];
    this.groupOf = new Map();
    for (let first = 0; first < lines.length; first += GROUP) {
      const node = element("div", { class: "group", "data-group": this.groups.length });
      const group = { node, lines: lines.slice(first, first + GROUP), isDrawn: false };
      node.style.minHeight = `${FIELD_HEIGHT * group.lines.length}px`;
      this.groups.push(group);
      for (const { field } of group.lines) this.groupOf.set(field, group);
    }
    this.root.replaceChildren(...this.groups.map((group) => group.node));
    for (const group of this.groups) this.observer.observe(group.node);
  }

  #draw(group) {
    if (group.isDrawn) return;
    group.isDrawn = true;
    group.node.style.minHeight = "";
    group.node.replaceChildren(...group.lines.map(({ field, title, depth }) => {
      if (field) return this.#line(field, depth);
      return element("div", { class: `part depth-${Math.min(depth, 6)}` }, title);
    }));
  }

  #line(field, depth) {
    const { decisions } = this;
    const json = decisions.value(field);
    const action = decisions.action(field);
    const isCurrent = field === this.current;
    const last = field.path[field.path.length - 1];
    const name = field.title ?? (field.path.length > 1 ? partName(last) : "value");
    return element(
      "button",
      {
        type: "button",
        class: `field depth-${Math.min(depth, 6)} ${action ? "decided" : ""}`,
        "data-field": field.index,
        "data-depth": depth,
        "aria-current": isCurrent ? "true" : null,
        tabindex: isCurrent ? 0 : -1,
      },
      badge(field.status),
      element("span", { class: "name" }, name),
      element("span", { class: "value", dir: "auto" }, cut(shown(json), 200)),
      tick(action),
    );
  }
}

/** The lines of a row: its fields, and a title where an object or a list begins. */
function linesOf(fields) {
  const lines = [];
  let open = [];
  for (const field of fields) {
    const parents = field.path.slice(0, -1);
    let same = 0;
    while (same < parents.length && parents[same] === open[same]) same++;
    for (let depth = same; depth < parents.length; depth++) {
      // The title of a list of objects is that of each object.
      if (depth && isIndex(parents[depth + 1])) continue;
      const before = isIndex(parents[depth]) && depth ? parents[depth - 1] : "";
      lines.push({ title: depth ? partName(parents[depth], before) : `Item ${Number(parents[0]) + 1}`, depth });
    }
    open = parents;
    lines.push({ field, depth: parents.length });
  }
  return lines;
}

function isIndex(token) {
  return /^\d+$/.test(token ?? "");
}

function partName(token, list = "") {
  return isIndex(token) ? `${list}[${token}]` : token;
}

/** The status of a field: a colour, an icon and, for screen readers, its name. */
function badge(status, isNamed = false) {
  const [icon, name] = STATUSES[status];
  return element(
    "span", { class: `badge ${status}`, title: name },
    element("span", { "aria-hidden": "true", class: "icon" }, icon),
    element("span", { class: isNamed ? "" : "hidden" }, name),
  );
}

const ACTIONS = { accept: ["✓", "accepted"], edit: ["✎", "edited"], anchor: ["⚓", "moved"] };

function tick(action) {
  if (!action) return null;
  const [icon, name] = ACTIONS[action];
  return element(
    "span", { class: "tick", title: name },
    element("span", { "aria-hidden": "true" }, icon), element("span", { class: "hidden" }, name),
  );
}
