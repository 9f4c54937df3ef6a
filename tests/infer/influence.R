# Writes influence_lme4.json: Rscript influence.R, in tests/infer; lme4 1.1-31.
suppressMessages(library(lme4))
data <- "../reference/data/"
schools <- c(2020, 2040, 2180, 2330, 2340, 2380, 2390, 2440)
cases <- list(
  sleepstudy = list(file = "sleepstudy.csv", formula = "Reaction ~ Days + (Days | Subject)", group = "Subject"),
  sleepstudy_weights = list(file = "sleepstudy.csv", formula = "Reaction ~ Days + (1 | Subject)", group = "Subject",
                            weights = "w"),
  orthodont = list(file = "orthodont.csv", formula = "distance ~ age * Sex + (1 | Subject)", group = "Subject"),
  penicillin_plate = list(file = "penicillin.csv", formula = "diameter ~ 1 + (1 | plate) + (1 | sample)", group = "plate"),
  penicillin_sample = list(file = "penicillin.csv", formula = "diameter ~ 1 + (1 | plate) + (1 | sample)", group = "sample"),
  egsingle = list(file = "egsingle.csv.gz", formula = "math ~ year + (1 | schoolid) + (year | childid)",
                  group = "schoolid", schools = schools))
# dfbetas() of lme4 fails where there is one coefficient; this is what it computes, level by level.
dfbetas_of <- function(found) {
  se <- sapply(found[[6]], function(v) sqrt(diag(as.matrix(v))))
  as.vector((t(found[[2]]) - found[[1]]) / se)
}
out <- list()
for (name in names(cases)) {
  case <- cases[[name]]
  table <- read.csv(gzfile(paste0(data, case$file)))
  if (!is.null(case$schools)) table <- table[table$schoolid %in% case$schools, ]
  text <- intersect(c("Subject", "plate", "sample", "schoolid", "childid"), names(table))
  for (column in text) table[[column]] <- as.character(table[[column]])
  table$.w <- if (is.null(case$weights)) 1 else table[[case$weights]]
  tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-8))
  fit <- lmer(as.formula(case$formula), table, weights = .w, control = tight)
  found <- influence(fit, groups = case$group, data = table)
  out[[name]] <- c(case[c("file", "formula", "group", "schools", "weights")],
                   list(text = text, levels = as.character(found$deleted), dfbetas = dfbetas_of(found),
                        cooks = unname(cooks.distance(found)),
                        sigma2 = unname(found[["var.cov.comps[-" |> paste0(case$group, "]")]][, 1])))
}
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x)) return(paste0("{", paste0('"', names(x), '": ', vapply(x, json, ""), collapse = ", "), "}"))
  values <- if (is.character(x)) paste0('"', x, '"') else formatC(x, digits = 12, format = "g", width = 1)
  if (length(values) > 1) paste0("[", paste(values, collapse = ", "), "]") else values
}
for (name in names(out)) {
  one <- out[[name]]
  out[[name]] <- setNames(one, c("file", "formula", "group", "schools", "weights", "text", "levels", "dfbetas", "cooks", "sigma2"))
}
text <- json(out)
writeLines(gsub('("text": )("[^"]*")', "\\1[\\2]", text), "influence_lme4.json")
