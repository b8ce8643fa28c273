// Package check owns the checks, the runner, the clean-up before and after
// them, and what each of Cinder's statuses and refusals means. It reports
// progress as events and returns an *Outcome; it knows neither flags nor
// writers nor exit statuses.
package check
