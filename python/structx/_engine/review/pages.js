// The document: its pages, drawn while they are near the window.

const NEAR = "1200px 0px";
const LINE_HEIGHT = 20;

class Pages {
  constructor(model, { statusOf, onPick }) {
    this.model = model;
    this.statusOf = statusOf;
    this.source = null;
    this.current = null;
    this.root = document.getElementById("pages");
    this.sections = new Map();
    this.drawn = new Set();
    this.observer = new IntersectionObserver((entries) => this.#onMove(entries), {
      root: this.root, rootMargin: NEAR,
    });
    this.root.addEventListener("click", (event) => {
      const mark = event.target.closest("[data-fields]");
      if (mark && document.getSelection().isCollapsed) onPick(this.#picked(mark));
    });
  }

  /** Shows the pages of a source. */
  open(source) {
    if (this.source === source) return;
    this.source = source;
    this.observer.disconnect();
    this.sections.clear();
    this.drawn.clear();
    const sections = source.rows.flatMap((row) => row.pages).map((page) => this.#section(page));
    this.root.replaceChildren(...sections);
    for (const section of sections) this.observer.observe(section);
  }

  /** Shows where a field is: its mark, else the page of the value before it, else the first. */
  show(field) {
    this.open(field.row.source);
    const before = this.current;
    this.current = field;
    for (const page of new Set([...(before?.pages ?? []), ...field.pages])) this.#highlight(page);
    if (before?.row !== field.row && field.row.source.rows.length > 1) this.#outline(before?.row, field.row);
    const page = field.pages[0] ?? this.#near(field);
    if (!page) return;
    const section = this.sections.get(page);
    this.#draw(page);
    const mark = section.querySelector(".current");
    if (mark) mark.scrollIntoView({ block: "center", inline: "nearest" });
    else section.scrollIntoView({ block: field.pages.length ? "start" : "nearest" });
  }

  /** Outlines the pages of the current row, where a source has several rows. */
  #outline(before, row) {
    for (const page of before?.pages ?? []) this.sections.get(page)?.classList.remove("of-row");
    for (const page of row.pages) this.sections.get(page).classList.add("of-row");
  }

  #near(field) {
    const { fields, pages } = field.row;
    for (let index = field.index - fields[0].index - 1; index >= 0; index--) {
      if (fields[index].pages.length) return fields[index].pages[0];
    }
    return pages[0];
  }

  /** Draws pages again, whose marks have changed. */
  refresh(pages) {
    for (const page of pages) {
      if (!this.drawn.has(page)) continue;
      this.drawn.delete(page);
      this.#draw(page);
    }
  }

  /** Shows the text of a page in place of its image, or the image again. */
  toggle(page, showsText = !page.showsText) {
    if (page.image === undefined || page.showsText === showsText) return;
    page.showsText = showsText;
    this.refresh([page]);
  }

  /** The page of an element in it. */
  pageAt(inner) {
    const section = inner.closest("section.page");
    return section ? this.model.pages[Number(section.dataset.page)] : null;
  }

  #section(page) {
    const label = `${page.label} of ${page.row.source.name}`;
    const section = element("section", { class: "page", "aria-label": label, "data-page": page.index });
    section.style.containIntrinsicHeight = `auto ${this.#height(page)}px`;
    section.style.minHeight = `${this.#height(page)}px`;
    this.sections.set(page, section);
    return section;
  }

  /** About the height of a page, so that the scroll bar is right before it is drawn. */
  #height(page) {
    if (page.image !== undefined && page.size) {
      return Math.round(this.#width() * page.size[1] / page.size[0]) + 36;
    }
    const lines = page.text.length / 90 + (page.text.match(/\n/g)?.length ?? 0);
    return Math.round(80 + LINE_HEIGHT * lines);
  }

  #width() {
    return Math.max(300, Math.min(this.root.clientWidth - 32, 900));
  }

  #onMove(entries) {
    for (const { target, isIntersecting } of entries) {
      const page = this.pageAt(target);
      if (isIntersecting) this.#draw(page); else this.#clear(page);
    }
  }

  #draw(page) {
    if (this.drawn.has(page)) return;
    this.drawn.add(page);
    const section = this.sections.get(page);
    const head = element("header", {}, element("h3", {}, page.label));
    if (page.image !== undefined) {
      const button = element("button", { type: "button", class: "quiet" }, page.showsText ? "Show image" : "Show text");
      button.addEventListener("click", () => this.toggle(page));
      head.append(button);
    }
    section.replaceChildren(head, page.showsText ? this.#text(page) : this.#image(page));
    if (page.note) section.append(element("p", { class: "note" }, page.note));
    section.style.minHeight = "";
    this.#highlight(page);
  }

  /** Frees what a page takes that is far from the window; its height stays. */
  #clear(page) {
    if (!this.drawn.has(page)) return;
    const section = this.sections.get(page);
    section.style.minHeight = `${section.offsetHeight}px`;
    section.replaceChildren();
    this.drawn.delete(page);
  }

  #text(page) {
    if (page.isLeftOut) return element("p", { class: "note" }, "The text of this page is left out.");
    if (!page.text.trim()) return element("p", { class: "note" }, "This page has no text.");
    return drawText(page, (field) => this.statusOf(this.model.fields[field]));
  }

  #image(page) {
    const store = document.getElementById(`image-${page.image}`);
    const image = element("img", { alt: `${page.label}, as an image`, decoding: "async" });
    image.src = `data:${store.dataset.type};base64,${store.textContent}`;
    const figure = element("div", { class: "image" }, image);
    if (!page.size) return figure;
    const [width, height] = page.size;
    figure.style.aspectRatio = `${width} / ${height}`;
    for (const [field, spans] of page.marks) {
      for (const span of spans.filter((one) => one.page === page.number)) {
        for (const [left, top, right, bottom] of span.boxes) {
          const status = this.statusOf(this.model.fields[field]);
          const box = element("div", { class: `box mark ${status}`, "data-fields": field });
          box.title = nameOf(this.model.fields[field]);
          box.style.left = `${100 * left / width}%`;
          box.style.top = `${100 * top / height}%`;
          box.style.width = `${100 * (right - left) / width}%`;
          box.style.height = `${100 * (bottom - top) / height}%`;
          figure.append(box);
        }
      }
    }
    return figure;
  }

  /** Marks the current field. */
  #highlight(page) {
    for (const mark of this.sections.get(page)?.querySelectorAll("[data-fields]") ?? []) {
      const fields = mark.dataset.fields.split(" ").map(Number);
      mark.classList.toggle("current", fields.includes(this.current?.index));
    }
  }

  /** The field of a mark: of several the one after the current one. */
  #picked(mark) {
    const fields = mark.dataset.fields.split(" ").map(Number);
    const at = fields.indexOf(this.current?.index);
    return this.model.fields[fields[(at + 1) % fields.length]];
  }
}
