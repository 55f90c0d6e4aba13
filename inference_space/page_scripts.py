"""What the page does in the browser."""

from __future__ import annotations

from exports import MOST_LETTERS_OF_A_LINK

from polyid.config.settings import INTERVAL_LEVEL

PUT_INTO_ADDRESS = f"""(text, level) => {{
  const address = new URL(location);
  address.searchParams.delete("polymer");
  address.searchParams.delete("level");
  if (text && text.length <= {MOST_LETTERS_OF_A_LINK}) {{
    address.searchParams.set("polymer", text);
    if (level !== {INTERVAL_LEVEL:g}) address.searchParams.set("level", level);
  }}
  history.replaceState(null, "", address);
}}"""
"""The question goes into the page's address: a reload keeps it, and a link shares it."""
PUT_LEVEL_INTO_ADDRESS = f"""(text, level) => {{
  const address = new URL(location);
  if (!address.searchParams.has("polymer")) return;
  address.searchParams.delete("level");
  if (level !== {INTERVAL_LEVEL:g}) address.searchParams.set("level", level);
  history.replaceState(null, "", address);
}}"""
"""The level that an answer is shown with; what has been typed since is no question yet."""
ASK_IF_SHARED = """() => {
  if (new URL(location).searchParams.has("polymer")) setTimeout(() => document.querySelector("#predict").click(), 300);
}"""
_FILL = """
  function fill(name) {
    const box = document.querySelector("#smiles textarea, #smiles input");
    const lines = box.value.split("\\n");
    const last = lines.findLastIndex(line => line.trim());
    lines[Math.max(last, 0)] = name;
    box.value = lines.join("\\n");
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  }"""
DRAW = f"""sketch => {{{_FILL}
  window.structureEditor.open(sketch, fill);
}}"""
"""The structure editor opens with what the last line says, and what is drawn takes its place as if typed."""
LISTEN = (
    f"() => {{{_FILL}"
    + """
  async function copy(button) {
    const link = button.dataset.link;
    const text = link ? new URL("?" + link, location).href : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    const said = button.parentElement.querySelector("[role=status]");
    said.textContent = "Copied";
    setTimeout(() => { said.textContent = ""; }, 3000);
  }
  function order(button) {
    window.chosenHeader = { ...button.dataset };
    document.querySelector("#order-by-header").click();
  }
  document.addEventListener("click", event => {
    const button = event.target.closest("[data-copy], [data-link], [data-fill], [data-order]");
    if (!button) return;
    if (button.dataset.fill) fill(button.dataset.fill);
    else if (button.dataset.order) order(button);
    else copy(button);
  });
}"""
)
"""Buttons in what a handler wrote: those that copy, also where a page may not by itself, names to fill the last line with, and
headers of a table that it is ordered by."""
ORDER_BY_HEADER = "() => [window.chosenHeader.order, 1]"
"""The order that a header leads to, from the first page on."""
FOCUS_HEADER = """() => setTimeout(() => {
  const headers = [...document.querySelectorAll("#table-rows [data-column]")];
  headers.find(header => header.dataset.column === window.chosenHeader.column)?.focus();
}, 50)"""
"""The header that was chosen, in the table that took the other's place."""
