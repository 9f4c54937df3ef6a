# The three studies of config.yaml, worked up as an R user would: Rscript studies.R DATA OUTPUT CORES
# Read and clean a table, climb the ladder with lme4, describe the final model with lmerTest's and pbkrtest's methods,
# cross-validate every model and the climb, and render a page for each study.
suppressPackageStartupMessages({
  library(lme4)
  library(pbkrtest)
  library(RLRsim)
  library(performance)
  library(parallel)
})

arguments <- commandArgs(trailingOnly = TRUE)
data_folder <- normalizePath(arguments[1])
output <- normalizePath(arguments[2])
cores <- as.integer(arguments[3])
page <- normalizePath(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "page.Rmd"))
seed <- 20261122
alpha_random <- 0.20

# --- tables ----------------------------------------------------------------------------------------------------------

read_sleepstudy <- function() {
  wide <- read.csv(file.path(data_folder, "sleepstudy.csv"))
  days <- grep("^Reaction_day", names(wide), value = TRUE)
  long <- reshape(wide, direction = "long", varying = days, v.names = "Reaction", timevar = "Days", idvar = "Subject",
                  times = as.numeric(sub("Reaction_day", "", days)))
  long$Subject <- factor(long$Subject)
  list(rows = long[c("Reaction", "Days", "Subject")], steps = c(read = nrow(wide), long = nrow(long)))
}

read_egsingle <- function() {
  missing <- c("", "NA", "-99", "n/a")
  scores <- read.csv(file.path(data_folder, "egsingle-scores.csv.gz"), na.strings = missing,
                     colClasses = c(schoolid = "character", childid = "character"))
  schools <- read.csv(file.path(data_folder, "egsingle-schools.csv"), colClasses = c(schoolid = "character"))
  table <- merge(scores, schools, by = "schoolid", all.x = TRUE, sort = FALSE)
  table$year <- table$wave - 3.5
  table$childid <- factor(paste(table$schoolid, table$childid, sep = ":"))
  table$schoolid <- factor(table$schoolid)
  list(rows = table[c("math", "year", "lowinc", "childid", "schoolid")], steps = c(read = nrow(scores)))
}

read_penicillin <- function() {
  table <- read.csv2(file.path(data_folder, "penicillin.csv"), fileEncoding = "windows-1252", check.names = FALSE)
  names(table)[names(table) == "Ø (mm)"] <- "diameter"
  kept <- table[table$plate != "test", ]
  once <- kept[!duplicated(kept[c("plate", "sample")]), ]
  once$plate <- factor(once$plate)
  once$sample <- factor(once$sample)
  list(rows = once[c("diameter", "plate", "sample")],
       steps = c(read = nrow(table), `no test` = nrow(kept), `without duplicates` = nrow(once)))
}

studies <- list(
  egsingle = list(title = "Growth in mathematics at urban primary schools", read = read_egsingle, outcome = "math",
                  fixed = "year * lowinc", terms = c("year", "lowinc", "year:lowinc"), groups = c("childid", "schoolid"),
                  slope = "year", time = "year", held_out = "schoolid"),
  sleepstudy = list(title = "Reaction time under sleep deprivation", read = read_sleepstudy, outcome = "Reaction",
                    fixed = "Days", terms = "Days", groups = "Subject", slope = "Days", time = "Days",
                    held_out = "Subject"),
  penicillin = list(title = "Variability between samples of penicillin", read = read_penicillin, outcome = "diameter",
                    fixed = "1", terms = character(), groups = c("plate", "sample"), slope = NULL, time = NULL,
                    held_out = c("plate", "sample"))
)

clean <- function(study) {
  found <- study$read()
  complete <- complete.cases(found$rows)
  rows <- droplevels(found$rows[complete, ])
  list(rows = rows, dropped = found$rows[!complete, ], steps = c(found$steps, complete = nrow(rows)))
}

# --- the ladder ------------------------------------------------------------------------------------------------------

# All models that the climb may come to: null, fixed effects alone, then each factor with no, uncorrelated and correlated
# slopes on top of every structure of the factors before it.
candidates <- function(study) {
  structures <- list(list(name = character(), terms = character()))
  models <- list(null = paste(study$outcome, "~ 1"), fixed = paste(study$outcome, "~", study$fixed))
  forms <- c(intercept = "(1 | %s)")
  if (!is.null(study$slope)) {
    forms <- c(forms, uncorrelated = paste0("(", study$slope, " || %s)"), slope = paste0("(", study$slope, " | %s)"))
  }
  for (group in study$groups) {
    structures <- unlist(lapply(structures, function(below) {
      lapply(names(forms), function(form) {
        list(name = c(below$name, paste(group, form, sep = ".")), terms = c(below$terms, sprintf(forms[[form]], group)))
      })
    }), recursive = FALSE)
    for (structure in structures) {
      models[[paste(structure$name, collapse = "+")]] <-
        paste(study$outcome, "~", study$fixed, "+", paste(structure$terms, collapse = " + "))
    }
  }
  models[!duplicated(unlist(models))]
}

fit_model <- function(formula, rows, control = lmerControl()) {
  formula <- as.formula(formula)
  if (grepl("|", deparse1(formula), fixed = TRUE)) {
    suppressWarnings(suppressMessages(lmer(formula, data = rows, REML = TRUE, control = control)))
  } else {
    lm(formula, data = rows)
  }
}

restricted <- function(model) as.numeric(logLik(model, REML = TRUE))

# p of a likelihood ratio whose null distribution mixes chi-squared distributions with these degrees of freedom
mixture <- function(statistic, degrees) {
  tails <- sapply(degrees, function(df) if (df == 0) as.numeric(statistic <= 0) else pchisq(statistic, df, lower.tail = FALSE))
  mean(tails)
}

tested <- function(fits, smaller, larger, degrees, exact = FALSE) {
  statistic <- max(0, 2 * (restricted(fits[[larger]]) - restricted(fits[[smaller]])))
  p <- if (exact) exactRLRT(fits[[larger]], seed = seed)$p.value else mixture(statistic, degrees)
  data.frame(smaller, larger, statistic, p, dAIC = AIC(fits[[larger]]) - AIC(fits[[smaller]]),
             dBIC = BIC(fits[[larger]]) - BIC(fits[[smaller]]), row.names = NULL)
}

# Factors belong to the design; a slope is kept if p < alpha_random, correlations stay.
climb <- function(study, fits, exact = FALSE) {
  chosen <- if ("fixed" %in% names(fits)) "fixed" else "null"
  steps <- list()
  for (group in study$groups) {
    below <- if (chosen %in% c("null", "fixed")) "" else paste0(chosen, "+")
    named <- function(form) paste0(below, group, ".", form)
    steps[[named("intercept")]] <- tested(fits, chosen, named("intercept"), c(0, 1), exact && below == "")
    chosen <- named("intercept")
    if (!is.null(study$slope)) {
      slope <- tested(fits, chosen, named("slope"), c(1, 2))
      correlation <- tested(fits, named("uncorrelated"), named("slope"), 1)
      steps[[named("slope")]] <- slope
      steps[[named("correlation")]] <- correlation
      if (slope$p < alpha_random && !isSingular(fits[[named("slope")]])) chosen <- named("slope")
    }
  }
  list(chosen = chosen, steps = do.call(rbind, steps))
}

compared <- function(fits) {
  rows <- lapply(names(fits), function(name) {
    model <- fits[[name]]
    likelihood <- logLik(model, REML = TRUE)
    parameters <- attr(likelihood, "df")
    n <- nobs(model)
    mixed <- inherits(model, "merMod")
    data.frame(model = name, parameters, logLik = as.numeric(likelihood), AIC = AIC(likelihood),
               AICc = AIC(likelihood) + 2 * parameters * (parameters + 1) / (n - parameters - 1),
               BIC = -2 * as.numeric(likelihood) + log(n) * parameters,
               singular = mixed && isSingular(model),
               converged = !mixed || length(model@optinfo$conv$lme4$messages) == 0)
  })
  do.call(rbind, rows)
}

# Fixed effects by maximum likelihood: each term that may be left out, and all together.
fixed_effects <- function(study, final) {
  if (!length(study$terms)) return(NULL)
  full <- refitML(final)
  each <- drop1(full, test = "Chisq")
  none <- update(full, paste(". ~ . -", paste(study$terms, collapse = " - ")))
  list(each = each, all = anova(none, full))
}

# --- the final model -------------------------------------------------------------------------------------------------

coefficients_kenward_roger <- function(final) {
  estimate <- fixef(final)
  adjusted <- vcovAdj(final)
  plain <- vcov(final)
  unit <- diag(length(estimate))
  df <- apply(unit, 1, function(row) Lb_ddf(row, plain, adjusted))
  se <- sqrt(diag(as.matrix(adjusted)))
  t <- estimate / se
  half <- qt(0.975, df) * se
  list(adjusted = adjusted, df = df,
       table = data.frame(estimate, se, df, t, F = t^2, p = 2 * pt(-abs(t), df), lower = estimate - half,
                          upper = estimate + half))
}

# The mean over time with the other covariates at their means, and its band by Kenward and Roger.
mean_over_time <- function(study, rows, final, inference) {
  if (is.null(study$time)) return(NULL)
  at <- data.frame(unique(rows[study$time]))
  others <- setdiff(all.vars(as.formula(paste("~", study$fixed))), study$time)
  for (name in others) at[[name]] <- mean(rows[[name]])
  X <- model.matrix(as.formula(paste("~", study$fixed)), at)
  df <- apply(X, 1, function(row) Lb_ddf(row, vcov(final), inference$adjusted))
  se <- sqrt(rowSums((X %*% as.matrix(inference$adjusted)) * X))
  at$mean <- drop(X %*% fixef(final))
  at$lower <- at$mean - qt(0.975, df) * se
  at$upper <- at$mean + qt(0.975, df) * se
  at
}

conditional_aic <- function(final) {
  likelihood <- sum(dnorm(getME(final, "y"), fitted(final), sigma(final), log = TRUE))
  -2 * likelihood + 2 * (sum(hatvalues(final)) + 1)
}

# Levels are left out one at a time where that takes minutes at most.
influence_of_groups <- function(study, final) {
  groups <- study$groups[sapply(study$groups, function(group) ngrps(final)[[group]] <= 100)]
  lapply(setNames(groups, groups), function(group) {
    without <- suppressWarnings(suppressMessages(influence(final, groups = group)))
    changes <- sweep(without[[grep("^fixed.effects\\[", names(without))]], 2, fixef(final))
    list(cook = cooks.distance(without), dfbetas = sweep(changes, 2, sqrt(diag(as.matrix(vcov(final)))), "/"))
  })
}

simulated_residuals <- function(final, draws = 250) {
  simulated <- as.matrix(simulate(final, nsim = draws, seed = seed, re.form = NA))
  observed <- getME(final, "y")
  scaled <- (rowSums(simulated < observed) + runif(length(observed))) / (draws + 1)
  list(draws = simulated[, 1:20], scaled = scaled, uniform = ks.test(scaled, "punif"),
       spread = mean(apply(simulated, 2, sd) >= sd(observed)))
}

# --- cross-validation ------------------------------------------------------------------------------------------------

folds_of_groups <- function(group) {
  levels <- levels(group)
  fold <- if (length(levels) <= 30) seq_along(levels) else sample(rep_len(1:10, length(levels)))
  fold[as.integer(group)]
}

validate <- function(study, rows, formulas, fold) {
  fast <- lmerControl(calc.derivs = FALSE)
  predicted <- mclapply(sort(unique(fold)), mc.cores = cores, function(held) {
    training <- droplevels(rows[fold != held, ])
    test <- rows[fold == held, ]
    fits <- lapply(formulas, fit_model, rows = training, control = fast)
    predictions <- lapply(fits, function(fit) {
      if (inherits(fit, "merMod")) predict(fit, newdata = test, allow.new.levels = TRUE) else predict(fit, newdata = test)
    })
    predictions$procedure <- predictions[[climb(study, fits)$chosen]]
    errors <- test[[study$outcome]] - as.data.frame(predictions, optional = TRUE)
    cbind(errors, row = which(fold == held))
  })
  errors <- do.call(rbind, predicted)
  errors <- as.matrix(errors[setdiff(names(errors), "row")])
  data.frame(model = colnames(errors), RMSE = sqrt(colMeans(errors^2)), MAE = colMeans(abs(errors)), row.names = NULL)
}

cross_validated <- function(study, rows, formulas) {
  set.seed(seed)
  folds <- lapply(setNames(study$held_out, paste("new", study$held_out)), function(group) folds_of_groups(rows[[group]]))
  folds$`known groups` <- sample(rep_len(1:10, nrow(rows)))
  lapply(folds, function(fold) validate(study, rows, formulas, fold))
}

# --- a study ---------------------------------------------------------------------------------------------------------

work_up <- function(name) {
  study <- studies[[name]]
  cleaned <- clean(study)
  rows <- cleaned$rows
  assign("rows", rows, envir = globalenv()) # influence() looks for the data by name
  formulas <- candidates(study)
  fits <- lapply(formulas, fit_model, rows = rows)
  climbed <- climb(study, fits, exact = TRUE)
  final <- fits[[climbed$chosen]]
  inference <- coefficients_kenward_roger(final)
  profiled <- suppressWarnings(profile(final, signames = FALSE))
  result <- list(
    name = name, study = study, cleaned = cleaned, formulas = formulas, table = compared(fits), climbed = climbed,
    final = final, fixed = fixed_effects(study, final), inference = inference, profiled = profiled,
    intervals = confint(profiled), r2 = r2_nakagawa(final), icc = icc(final), cAIC = conditional_aic(final),
    mean = mean_over_time(study, rows, final, inference), cook = cooks.distance(final),
    influence = influence_of_groups(study, final), simulated = simulated_residuals(final),
    validated = cross_validated(study, rows, formulas)
  )
  folder <- file.path(output, name)
  dir.create(folder, showWarnings = FALSE)
  write.csv(cleaned$dropped, file.path(folder, "dropped.csv"))
  write.csv(result$table, file.path(folder, "models.csv"), row.names = FALSE)
  write.csv(inference$table, file.path(folder, "coefficients.csv"))
  saveRDS(final, file.path(folder, "final.rds"))
  rmarkdown::render(page, output_file = file.path(folder, "index.html"), intermediates_dir = tempfile(name),
                    envir = list2env(list(result = result)), quiet = TRUE)
  climbed$chosen
}

chosen <- mclapply(names(studies), work_up, mc.cores = cores, mc.preschedule = FALSE)
failed <- sapply(chosen, inherits, "try-error")
if (any(failed)) stop(paste(unlist(chosen[failed]), collapse = "\n"))
cat(paste0(names(studies), ": ", unlist(chosen)), sep = "\n")
