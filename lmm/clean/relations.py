"""How two grouping factors may lie to each other."""

NESTED, CROSSED, PARTLY_CROSSED = "nested", "crossed", "partly crossed"
