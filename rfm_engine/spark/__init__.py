"""Score a Spark DataFrame in a cluster, with the results of one machine."""
