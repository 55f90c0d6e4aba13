"""Model folders of upstream PolyID, read without running anything in them and written in this package's form."""
