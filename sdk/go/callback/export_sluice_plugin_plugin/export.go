// Package export_sluice_plugin_plugin is what the generated exports call.
package export_sluice_plugin_plugin

import "sluice/callback"

func Describe() string { return callback.Served.Describe() }
