// Package export_sluice_plugin_callback is what the generated exports call.
package export_sluice_plugin_callback

import (
	"sluice"
	"sluice/callback"
	types "sluice/gen/sluice_plugin_types"
	wit "sluice/wit/types"
)

func OnBatch(config string, records []string) wit.Result[wit.Unit, types.Error] {
	return sluice.Outcome(wit.Unit{}, callback.Served.OnBatch(config, records))
}
