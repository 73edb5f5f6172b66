// Package schedule decides which Destinations a workload group may reach, and
// keeps the reasons.
package schedule
