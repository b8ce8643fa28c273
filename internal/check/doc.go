// Package check owns the checks, their order, the clean-up before and after
// them, and what each of Cinder's statuses means. It emits events and returns
// what went wrong as a *Failure; it knows neither flags nor writers.
package check
