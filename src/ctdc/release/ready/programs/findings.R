# The findings of the release @NAME@, computed anew from its own files.
# Base R only, version 3.5 or newer. Run it in the folder of the release:
#   Rscript data/findings.R
# or name the folder, and a file for the result:
#   Rscript data/findings.R FOLDER findings.csv
#
# Counts are the release's protected counts, with the error of their noise. A share of a variable is a share of the
# people for whom it is known; a share in a group of answers is one of the people with any answer in the group. Never
# take the share of all rows: an empty cell says "not known", not "no". Intervals are those of Fieller (1954).

arguments <- commandArgs(trailingOnly = TRUE)
folder <- if (length(arguments) > 0) arguments[1] else "."
result_file <- if (length(arguments) > 1) arguments[2] else ""
z <- qnorm(0.975)
threshold <- @THRESHOLD@

# What is counted: variables of several codes, and groups of answers of which several can apply to one person.
variables <- @VARIABLES@
groups <- @GROUPS@
# Groups of which not all combinations are published: their denominators are those of the ready tables. The covariance
# with each answer is not known then, and leaving it out makes the intervals too wide rather than too narrow.
given <- @GIVEN@

counts <- read.csv(file.path(folder, "data", "aggregates.csv"), colClasses = c(attributes = "character"),
                   encoding = "UTF-8")
tables <- read.csv(file.path(folder, "data", "@TABLES@"), encoding = "UTF-8",
                   stringsAsFactors = FALSE)

total <- counts$count[counts$length == 0]
total_variance <- counts$standard_error[counts$length == 0]^2
is_few <- function(rows) as.character(rows$below_threshold) %in% c("true", "TRUE")

# One published count: of the people with all these answers.
published <- function(flags) {
  key <- paste0("{", paste0("\"", flags, "\":\"1\"", collapse = ","), "}")
  counts[counts$attributes == key, ]
}

# The interval of part / whole, from their variances and covariance.
fieller <- function(part, whole, part_variance, covariance, whole_variance) {
  leading <- whole^2 - z^2 * whole_variance
  if (whole <= 0 || leading <= 0) return(c(NA, NA, NA))
  half <- part * whole - z^2 * covariance
  root <- sqrt(pmax(0, half^2 - leading * (part^2 - z^2 * part_variance)))
  pmin(1, pmax(0, c(part / whole, (half - root) / leading, (half + root) / leading)))
}

# Parts and wholes agree: those with an answer are at most all people, and at least what the shown answers need. Shares
# are of them, or of what the shown answers need where that is more than all.
agreed <- function(known, needed) {
  whole <- min(total, max(known, needed))
  list(whole = whole, divisor = max(whole, needed))
}

row_of <- function(table, variable, code, count, error, few, share, answered, source) {
  whole <- answered$whole
  few_share <- few || whole < threshold || anyNA(share)
  low <- max(0, count - z * error)
  high <- max(0, count + z * error)
  if (!few && count > total) {
    low <- min(low, max(0, total - z * sqrt(total_variance)))
    if (total_variance <= error^2) high <- total + z * sqrt(total_variance)
    count <- total
  }
  value <- min(1, max(0, count / answered$divisor))
  share <- c(value, min(value, share[2]), max(value, share[3]))
  data.frame(
    table = table, variable = variable, code = code,
    count = if (few) NA else count,
    low = if (few) NA else low,
    high = if (few) NA else high,
    share = if (few_share) NA else share[1],
    share_low = if (few_share) NA else share[2],
    share_high = if (few_share) NA else share[3],
    denominator = if (whole < threshold) NA else whole,
    source = source, stringsAsFactors = FALSE
  )
}

# All codes of one variable. Its counts are a table with n cells, the empty one included, whose errors are known:
# the total's error is spread over all cells, and what a cell has beyond that is its own.
findings_of_variable <- function(name) {
  start <- paste0("{\"", name, "\":\"")
  rows <- counts[counts$length == 1 & startsWith(counts$attributes, start), ]
  codes <- substr(rows$attributes, nchar(start) + 1, nchar(rows$attributes) - 2)
  n <- nrow(rows) + 1
  variance <- max(rows$standard_error)^2
  shared <- total_variance / n^2
  own <- max(0, variance - shared) * n / (n - 1)
  whole <- sum(rows$count)
  whole_variance <- shared * (n - 1)^2 + own * ((n - 1) - (n - 1)^2 / n)
  covariance <- shared * (n - 1) + own * (1 - (n - 1) / n)
  few <- is_few(rows)
  answered <- agreed(whole, sum(pmin(rows$count, total)[!few]))
  found <- lapply(seq_along(codes), function(i) {
    share <- fieller(rows$count[i], whole, variance, covariance, whole_variance)
    row_of(paste0("all-", name), name, codes[i], rows$count[i], rows$standard_error[i], few[i], share, answered,
           "counts")
  })
  do.call(rbind, found)
}

# People with any answer of a group, by inclusion and exclusion, with its error and its covariance with each answer.
union_of <- function(flags) {
  size <- length(flags)
  subsets <- unlist(lapply(seq_len(size), function(k) combn(flags, k, simplify = FALSE)), recursive = FALSE)
  variances <- numeric(0)
  value <- 0
  residual <- list()
  for (subset in subsets) {
    row <- published(subset)
    inherited <- total_variance / 4^length(subset)
    for (known in residual) {
      if (length(known$flags) < length(subset) && all(known$flags %in% subset)) {
        inherited <- inherited + known$variance / 4^(length(subset) - length(known$flags))
      }
    }
    residual[[length(residual) + 1]] <- list(flags = subset, variance = max(0, row$standard_error^2 - inherited))
    value <- value + (-1)^(length(subset) + 1) * row$count
  }
  variance <- total_variance * (1 - 2^-size)^2
  for (known in residual) variance <- variance + known$variance / 4^(size - length(known$flags))
  covariance <- sapply(flags, function(flag) {
    single <- Filter(function(known) identical(known$flags, flag), residual)[[1]]$variance
    total_variance * (1 - 2^-size) / 2 + single / 2^(size - 1)
  })
  list(value = value, variance = variance, covariance = covariance)
}

findings_of_group <- function(group) {
  flags <- groups[[group]]
  table <- paste0("all-", group)
  if (group %in% given) {
    row <- tables[tables$table == table, ][1, ]
    error <- (row$denominator_high - row$denominator) / z
    whole <- list(value = row$denominator, variance = error^2, covariance = setNames(rep(0, length(flags)), flags))
    source <- row$denominator_source
  } else {
    whole <- union_of(flags)
    source <- "counts"
  }
  rows <- do.call(rbind, lapply(flags, published))
  answered <- agreed(whole$value, max(0, pmin(rows$count, total)[!is_few(rows)]))
  found <- lapply(flags, function(flag) {
    row <- published(flag)
    few <- nrow(row) == 0 || is_few(row)
    if (!(group %in% given)) {
      share <- fieller(row$count, whole$value, row$standard_error^2, whole$covariance[[flag]], whole$variance)
    } else {
      # The first-order error of a ratio.
      value <- row$count / whole$value
      error <- sqrt(row$standard_error^2 + value^2 * whole$variance) / whole$value
      share <- pmin(1, pmax(0, c(value, value - z * error, value + z * error)))
    }
    row_of(table, flag, "1", row$count, row$standard_error, few, share, answered, source)
  })
  do.call(rbind, found)
}

findings <- do.call(rbind, c(lapply(variables, findings_of_variable), lapply(names(groups), findings_of_group)))
rownames(findings) <- NULL
if (nzchar(result_file)) {
  write.csv(findings, result_file, row.names = FALSE, na = "", fileEncoding = "UTF-8")
} else {
  print(findings, digits = 4)
}
