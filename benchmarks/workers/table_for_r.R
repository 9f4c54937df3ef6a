# A table as R keeps it, so that lme4's worker reads it with as little memory as the others.
arguments <- commandArgs(trailingOnly = TRUE)
saveRDS(read.csv(arguments[1], stringsAsFactors = TRUE, colClasses = strsplit(arguments[3], ",")[[1]]),
        arguments[2], compress = FALSE)
