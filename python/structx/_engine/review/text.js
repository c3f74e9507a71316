// Helpers: elements, offsets in texts, JSON Pointers.

/** Makes an element; text is set as text, so that nothing of a document is read as HTML. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Converts offsets: structx counts code points, JavaScript counts UTF-16 units. */
class Offsets {
  constructor(text) {
    // The unit at which each code point begins; null where both counts are the same.
    this.units = null;
    if (/[\ud800-\udbff]/.test(text)) {
      this.units = [];
      for (let unit = 0; unit < text.length; unit += text.codePointAt(unit) > 0xffff ? 2 : 1) {
        this.units.push(unit);
      }
      this.units.push(text.length);
    }
  }

  unit(point) {
    if (!this.units) return point;
    return this.units[Math.max(0, Math.min(point, this.units.length - 1))];
  }

  point(unit) {
    if (!this.units) return unit;
    return firstIndex(this.units.length, (index) => this.units[index] >= unit);
  }
}

/** The number of code points of a text. */
function countPoints(text) {
  let pairs = 0;
  for (let unit = 0; unit < text.length; unit++) {
    if (text.codePointAt(unit) > 0xffff) { pairs++; unit++; }
  }
  return text.length - pairs;
}

/** The first of `count` indices for which `is` holds, if it holds for all after it; else `count`. */
function firstIndex(count, is) {
  let low = 0, high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(middle)) high = middle; else low = middle + 1;
  }
  return low;
}

/** The names and indices of a JSON Pointer. */
function pathOf(pointer) {
  return pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** A value, given as JSON, as people read it: a string without quotes, a number in its own digits. */
function shown(json) {
  return json.startsWith('"') ? JSON.parse(json) : json;
}

/** The beginning of a text, and an ellipsis if that is not all. */
function cut(text, length) {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
