* The findings of the release @NAME@, computed anew from its own files.
* Stata 13 or newer. Run it in the folder of the release:
*   do data/findings.do
* or name the folder, and a file for the result:
*   do data/findings.do "FOLDER" "findings.csv"
*
* Counts are the release's protected counts, with the error of their noise. A share of a variable is a share of the
* people for whom it is known; a share in a group of answers is one of the people with any answer in the group. Never
* take the share of all rows: an empty cell says "not known", not "no". Intervals are those of Fieller (1954).

version 13
args folder result
if `"`folder'"' == "" local folder "."
if `"`result'"' == "" local result "findings.csv"
clear
set more off
scalar z = invnormal(0.975)
scalar threshold = @THRESHOLD@

import delimited using `"`folder'/data/aggregates.csv"', varnames(1) case(preserve) stringcols(2 7) bindquotes(strict) encoding("utf-8") clear
* Quotes stand around every name and code, whether Stata keeps them doubled or not.
replace attributes = subinstr(attributes, char(34), "", .)
replace below_threshold = lower(below_threshold)
summarize standard_error if length == 0, meanonly
scalar total_variance = r(mean)^2
summarize count if length == 0, meanonly
scalar total = r(mean)

* ---- people with any answer of a group, by inclusion and exclusion -------------------------------------------------

@UNIONS@
* ---- every code by itself -------------------------------------------------------------------------------------------

keep if length == 1
generate colon = strpos(attributes, ":")
generate variable = substr(attributes, 2, colon - 2)
generate code = substr(attributes, colon + 1, strlen(attributes) - colon - 1)
generate table = ""
@VARIABLES@
@GROUPS@
keep if table != ""
generate byte few = below_threshold == "true"

* A variable's counts are a table with n cells, the empty one included, whose errors are known: the total's error is
* spread over all cells, and what a cell has beyond that is its own.
bysort variable: generate double n = _N + 1
bysort variable: egen double largest = max(standard_error)
generate double variance = largest^2
bysort variable: egen double denominator = total(count)
generate double spread = scalar(total_variance) / n^2
generate double own = max(0, variance - spread) * n / (n - 1)
generate double whole_variance = spread * (n - 1)^2 + own * ((n - 1) - (n - 1)^2 / n)
generate double covariance = spread * (n - 1) + own * (1 - (n - 1) / n)
generate source = "counts"
generate byte given = 0
@WHOLES@
* Parts and wholes agree: those with an answer are at most all people, and at least what the shown answers need. Shares
* are of them, or of what the shown answers need where that is more than all.
generate double needed = min(count, scalar(total))
replace needed = 0 if few
bysort table: egen double together = total(needed)
bysort table: egen double most = max(needed)
replace most = together if n > 2
generate double answered = min(scalar(total), max(denominator, most))
generate double divisor = max(answered, most)

* ---- shares ---------------------------------------------------------------------------------------------------------

generate double leading = denominator^2 - scalar(z)^2 * whole_variance
generate double half = count * denominator - scalar(z)^2 * covariance
generate double root = sqrt(max(0, half^2 - leading * (count^2 - scalar(z)^2 * variance)))
generate double share = count / denominator
generate double share_low = (half - root) / leading
generate double share_high = (half + root) / leading
* Of a denominator whose covariance with the answers is not known: the first-order error of a ratio, which errs to be
* too wide.
generate double ratio_error = sqrt(standard_error^2 + share^2 * whole_variance) / denominator
replace share_low = share - scalar(z) * ratio_error if given
replace share_high = share + scalar(z) * ratio_error if given
replace share = min(count, scalar(total)) / divisor
replace share_low = min(share_low, share)
replace share_high = max(share_high, share)
generate double low = max(0, count - scalar(z) * standard_error)
generate double high = max(0, count + scalar(z) * standard_error)
replace low = min(low, max(0, scalar(total) - scalar(z) * sqrt(scalar(total_variance)))) if count > scalar(total)
replace high = scalar(total) + scalar(z) * sqrt(scalar(total_variance)) if count > scalar(total) & scalar(total_variance) <= standard_error^2
replace count = min(count, scalar(total))
foreach number in share share_low share_high {
    replace `number' = min(1, max(0, `number')) if !missing(`number')
    replace `number' = . if few | answered < scalar(threshold) | leading <= 0
}
foreach number in count low high {
    replace `number' = . if few
}
replace denominator = answered
replace denominator = . if denominator < scalar(threshold)
keep table variable code count low high share share_low share_high denominator source
order table variable code count low high share share_low share_high denominator source
sort table variable code
format count low high denominator %12.1fc
format share share_low share_high %6.4f
list table variable code count share share_low share_high, noobs abbreviate(20) sepby(table)
export delimited using `"`result'"', replace
