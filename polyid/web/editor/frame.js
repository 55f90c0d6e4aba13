// The page inside the dialog's frame: JSME, and what the dialog asks of it (`structure`).
"use strict";
(() => {
  // Nothing that needs the part of JSME that makes InChI, which isn't here; no reactions and no queries: they are no polymers.
  const OPTIONS =
    "newlook,nocontextmenu,nosearchinchikey,noexportinchi,noexportinchikey,noexportinchiauxinfo,noreaction,noquery,norbutton";
  const POINT = "1 0 * 0.00 0.00"; // a template of one atom, in JSME's own notation
  const TOOLS = 352; // px, the width of the tools at scale 1
  let jsme = null;
  let tell = () => {};

  const area = () => document.querySelector("#drawing [tabindex='0']");

  function fit() {
    jsme.setMenuScale(Math.min(1.3, innerWidth / TOOLS));
    jsme.setSize(`${innerWidth}px`, `${innerHeight}px`);
  }

  // JSME's invisible fields, for pasting and measuring, are nothing to come to by Tab or to be read out.
  function hideFields() {
    for (const field of document.querySelectorAll("input, textarea, [draggable]")) {
      field.tabIndex = -1;
      field.removeAttribute("role");
      field.setAttribute("aria-hidden", "true");
    }
  }

  window.jsmeOnLoad = () => {
    jsme = new JSApplet.JSME("drawing", `${Math.max(innerWidth, TOOLS)}px`, `${innerHeight}px`, { options: OPTIONS });
    fit();
    jsme.setCallBack("AfterStructureModified", () => tell(jsme.smiles()));
    area().setAttribute("role", "application");
    area().setAttribute("aria-label", "Drawing: letters choose an atom, the star an attachment point, digits a ring");
    hideFields();
    addEventListener("resize", fit);
    window.dispatchEvent(new Event("drawable"));
  };

  addEventListener(
    "keydown",
    event => {
      if (event.key !== "Escape" && event.key !== "*") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.key === "*") structure.point();
      else parent.document.dispatchEvent(new Event("leave-structure-editor"));
    },
    true,
  );

  window.structure = {
    ready: new Promise(done => addEventListener("drawable", done, { once: true })),
    smiles: () => jsme.smiles(),
    // JSME refuses "*" in a SMILES; an atom of that name in a mol block it draws, and writes as "*".
    load(block) {
      jsme.reset();
      if (block) jsme.readMolFile(block);
      tell(jsme.smiles());
    },
    // Atoms that are clicked next each get an attachment point, until another tool is chosen.
    point: () => jsme.setTemplate(POINT, "Click the atom where the chain goes on"),
    whenChanged(listener) {
      tell = listener;
    },
  };
})();
