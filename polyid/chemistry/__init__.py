"""From what a chemist writes to an oligomer: reading SMILES, repeat units, monomers, tacticity, fragments."""
