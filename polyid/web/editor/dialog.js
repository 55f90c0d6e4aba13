// The dialog with the structure editor, in the page that asks for it: `structureEditor.open(drawing, use)`.
"use strict";
window.structureEditor = (() => {
  const HERE = new URL(".", document.currentScript.src);
  let dialog = null;
  let use = () => {};

  const part = name => dialog.querySelector(`[data-part=${name}]`);

  function build() {
    dialog = document.createElement("dialog");
    dialog.className = "structure-editor";
    dialog.setAttribute("aria-labelledby", "structure-editor-title");
    dialog.innerHTML = `
      <h2 id="structure-editor-title">Draw a structure</h2>
      <p>A repeat unit with two attachment points, or monomers side by side. For an attachment point choose it, then click the atom
      where the chain goes on.</p>
      <p data-part="said" role="status"></p>
      <button type="button" data-part="point">Attachment point <b aria-hidden="true">*</b></button>
      <iframe data-part="frame" title="Structure editor"></iframe>
      <p>SMILES: <output data-part="smiles"></output></p>
      <div><button type="button" data-part="use">Use this structure</button>
      <button type="button" data-part="cancel">Cancel</button></div>`;
    part("point").addEventListener("click", async () => (await inside()).point());
    part("cancel").addEventListener("click", () => dialog.close());
    part("use").addEventListener("click", async () => {
      const smiles = (await inside()).smiles();
      dialog.close();
      use(smiles);
    });
    document.addEventListener("leave-structure-editor", () => dialog.close());
    // Under the page's own root, which its style sheet is written for.
    (document.querySelector(".gradio-container") || document.body).append(dialog);
    part("frame").src = new URL("index.html", HERE);
  }

  async function inside() {
    const frame = part("frame");
    if (!frame.contentWindow.structure) await new Promise(done => frame.addEventListener("load", done, { once: true }));
    await frame.contentWindow.structure.ready;
    return frame.contentWindow.structure;
  }

  function show(smiles) {
    part("smiles").textContent = smiles || "nothing drawn yet";
    part("use").disabled = !smiles;
  }

  // `drawing` has a mol block or null, and what is to be said; `whenUsed` is called with the SMILES.
  async function open(drawing, whenUsed) {
    if (!dialog) build();
    use = whenUsed;
    part("said").textContent = drawing.said;
    show("");
    if (!dialog.open) dialog.showModal();
    const structure = await inside();
    structure.whenChanged(show);
    structure.load(drawing.block);
  }

  return { open };
})();
