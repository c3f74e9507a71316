// Puts the page together: selecting, deciding, keys, saving.

const model = readModel();
const decisions = new Decisions();
const statusOf = (field) => (decisions.get(field)?.place ? "exact" : field.status);
const pages = new Pages(model, { statusOf, onPick: select });
const fields = new Fields(model, decisions, { onPick: select });
const queue = new Queue(model, decisions, { onPick: select });
const detail = new Detail(model, decisions, {
  edit, anchor, focus: () => fields.focus(), moved: () => fields.keepInView(),
});
const announcement = document.getElementById("announcement");

function select(field) {
  if (!field) return;
  pages.show(field);
  queue.show(field);
  detail.show(field);
  // After the detail, whose height is taken from the fields.
  fields.show(field);
  const at = queue.position.get(field);
  const place = at === undefined ? "" : `, ${at + 1} of ${queue.fields.length}`;
  announcement.textContent =
    `${nameOf(field)}: ${cut(shown(decisions.value(field)), 200)}, ${STATUSES[field.status][1]}${place}`;
}

/** Shows a decision everywhere. */
function decided(field) {
  pages.refresh(place(field.row, field, decisions.spans(field)));
  fields.update(field);
  queue.update();
  showProgress();
}

function accept(field) {
  if (!field) return;
  decisions.accept(field);
  decided(field);
  const next = queue.nextOpen();
  select(next ?? field);
  fields.focus();
}

function edit(field, json, newPlace) {
  decisions.edit(field, json, newPlace);
  decided(field);
  select(field);
}

function anchor(field, newPlace) {
  document.getSelection().removeAllRanges();
  decisions.anchor(field, newPlace);
  decided(field);
  for (const page of field.pages) pages.toggle(page, true);
  select(field);
}

function undo() {
  const field = decisions.undo();
  if (!field) return;
  decided(field);
  select(field);
}

function save() {
  const blob = new Blob([decisions.lines(model.fields)], { type: "application/jsonl" });
  const link = element("a", { download: "corrections.jsonl" });
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  decisions.saved = decisions.changes;
  showProgress();
}

/** Goes on with corrections that were saved before. */
async function load(input) {
  const [file] = input.files;
  if (!file) return;
  const wasSaved = !decisions.isUnsaved;
  const { taken, problems } = takeSaved(model, decisions, await file.text());
  input.value = "";
  if (wasSaved) decisions.saved = decisions.changes;
  for (const field of decisions.made.keys()) decided(model.fields[field]);
  showNotes([`${counted(taken, "correction")} of ${file.name} loaded.`, ...problems]);
  document.getElementById("notes").open = problems.length > 0;
  select(queue.nextOpen() ?? detail.field);
  announcement.textContent =
    `${counted(taken, "correction")} loaded${problems.length ? `, ${problems.length} do not fit` : ""}`;
}

function showNotes(loaded = []) {
  const all = [...loaded, ...notes];
  document.getElementById("notes").hidden = all.length === 0;
  document.getElementById("notes-count").textContent = counted(all.length, "note");
  document.getElementById("notes-list").replaceChildren(...all.map((note) => element("li", {}, note)));
}

function showProgress() {
  const done = decisions.made.size;
  const bar = document.getElementById("progress");
  bar.max = model.fields.length || 1;
  bar.value = done;
  document.getElementById("done").textContent =
    `${done.toLocaleString("en")} of ${counted(model.fields.length, "value")} reviewed`;
  document.getElementById("save").disabled = done === 0;
  document.getElementById("do-undo").disabled = decisions.history.length === 0;
  document.getElementById("unsaved").hidden = !decisions.isUnsaved;
}

const help = document.getElementById("help");
const loadFile = document.getElementById("load-file");
loadFile.addEventListener("change", () => load(loadFile));
const KEYS = {
  j: () => select(queue.near(1)),
  k: () => select(queue.near(-1)),
  ArrowDown: () => select(queue.near(1)),
  ArrowUp: () => select(queue.near(-1)),
  Enter: () => accept(detail.field),
  e: () => detail.edit(),
  u: undo,
  a: () => detail.take(),
  t: () => { const page = detail.field?.pages[0] ?? detail.field?.row.pages[0]; if (page) pages.toggle(page); },
  s: () => { if (decisions.made.size) save(); },
  "/": () => document.getElementById("search").focus(),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  const { target, key } = event;
  if (key === "Escape") {
    if (detail.isEditing) detail.close(); else if (target.id === "search") target.blur();
    return;
  }
  if (target.closest("input, textarea, select")) return;
  // Arrows scroll the document; buttons have their own Enter, but those of fields accept.
  const isList = target.closest("#queue, #fields");
  if (key.startsWith("Arrow") && !isList) return;
  if (key === "Enter" && target.closest("button") && !isList) return;
  if (!Object.hasOwn(KEYS, key)) return;
  event.preventDefault();
  KEYS[key]();
});

document.addEventListener("selectionchange", () => {
  const selection = document.getSelection();
  const isInPages = selection.anchorNode && pages.root.contains(selection.anchorNode);
  if (isInPages) detail.select(selectedPlace((node) => pages.pageAt(node)));
});

for (const [id, action] of Object.entries({
  "do-accept": KEYS.Enter, "do-edit": KEYS.e, "do-undo": undo, "do-next": KEYS.j, "do-previous": KEYS.k,
  save, load: () => loadFile.click(), "show-help": KEYS["?"], print: () => window.print(), "close-help": () => help.close(),
})) {
  document.getElementById(id).addEventListener("click", action);
}

document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
});

window.addEventListener("beforeprint", () => {
  document.getElementById("print-out").replaceChildren(printPage(model, decisions));
});
window.addEventListener("afterprint", () => document.getElementById("print-out").replaceChildren());
window.addEventListener("beforeunload", (event) => {
  if (decisions.isUnsaved) event.preventDefault();
});

const notes = model.sources.flatMap((source) =>
  source.notes.map((note) => (model.sources.length > 1 ? `${source.name}: ${note}` : note)));
const failed = model.rows.filter((row) => row.error !== null).length;
if (failed) notes.unshift(`${counted(failed, "row")} failed.`);
showNotes();
document.getElementById("title").textContent =
  model.sources.length === 1 ? model.sources[0].name : counted(model.sources.length, "source");
if (model.sources.length) pages.open(model.sources[0]);
showProgress();
select(queue.near(0));
document.documentElement.dataset.ready = "true";
