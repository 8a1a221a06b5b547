"""A run or the published reference as a static site: pages that open from the file system, without script or network."""
