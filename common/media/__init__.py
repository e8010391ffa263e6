"""Files that messages carry: kept in a bucket or on disk, described by a row, handed out by signed links."""
