"""Short chains of many regular polymers as flat arrays, and what is counted on them."""
