// Package http sends requests of guardrails and callbacks.
package http

import (
	"sluice"
	generated "sluice/gen/sluice_plugin_http"
	types "sluice/gen/sluice_plugin_types"
)

// Post posts a document and gives the answer's body. A status of 400 and above is an error that says whether another
// attempt may help.
func Post(url string, document any) (sluice.Payload, error) {
	request := generated.Request{Method: "POST", Url: url, Body: types.MakeBodyJson(sluice.Text(document))}
	result := generated.Fetch(request)
	if result.Tag() != 0 {
		err := result.Err()
		return sluice.Payload{}, &sluice.Fault{Kind: err.Kind, Message: err.Message, Status: err.Status.SomeOr(0)}
	}
	response := result.Ok()
	if response.Status < 400 {
		return response.Body, nil
	}
	passing := response.Status == 429 || response.Status >= 500
	fault := sluice.Refuse("invalid-request", "%s answered %d", url, response.Status).(*sluice.Fault)
	if passing {
		fault.Kind = "overloaded"
	}
	fault.Status, fault.Retry = response.Status, &passing
	return sluice.Payload{}, fault
}
