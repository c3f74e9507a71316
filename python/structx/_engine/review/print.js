// The printed page: all values with their evidence and what was decided, as a table.

function printPage(model, decisions) {
  const head = ["Value of", "Where", "Value", "Status", "Source says", "Decision"];
  const lines = model.fields.map((field) => element(
    "tr", {},
    element("td", {}, nameOf(field)),
    element("td", {}, [field.row.source.name, whereOf(model, field), field.pages[0]?.label].filter(Boolean).join(" · ")),
    element("td", { dir: "auto" }, cut(shown(decisions.value(field)), 500)),
    element("td", {}, `${STATUSES[field.status][0]} ${STATUSES[field.status][1]}`),
    element("td", { dir: "auto" }, cut(field.text, 200)),
    element("td", {}, decisions.action(field) ? ACTIONS[decisions.action(field)][1] : ""),
  ));
  return element(
    "table", {},
    element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...lines),
  );
}
