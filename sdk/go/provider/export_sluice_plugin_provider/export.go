// Package export_sluice_plugin_provider is what the generated exports call.
package export_sluice_plugin_provider

import (
	"sluice"
	types "sluice/gen/sluice_plugin_types"
	"sluice/provider"
	wit "sluice/wit/types"
)

func Start(call provider.Call, body string) wit.Result[provider.Step, types.Error] {
	return sluice.Outcome(provider.Served.Start(call, body))
}

func Resume(call provider.Call, replies []provider.Reply) wit.Result[provider.Step, types.Error] {
	return sluice.Outcome(provider.Served.Resume(call, replies))
}

func Decode(head wit.Option[provider.Head], state string, frames []provider.Frame, last bool) wit.Result[provider.Decoded, types.Error] {
	var first *provider.Head
	if head.IsSome() {
		some := head.Some()
		first = &some
	}
	return sluice.Outcome(provider.Served.Decode(first, state, frames, last))
}
