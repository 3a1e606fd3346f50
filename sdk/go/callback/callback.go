// Package callback is for callbacks: what they implement.
//
//	func init() { callback.Serve(digest{}) }
//
// and, for what the component exports: import _ "sluice/callback/wit_exports".
package callback

// Callback gets records of finished calls.
type Callback interface {
	// Describe gives the describe document.
	Describe() string
	// OnBatch takes the settings and records, oldest first, each a JSON object.
	OnBatch(config string, records []string) error
}

// Served is what the component is.
var Served Callback

// Serve says what the component is; to be called in an init function.
func Serve(callback Callback) { Served = callback }
