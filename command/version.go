package command

import "runtime/debug"

// modulePath is the module that this package belongs to.
const modulePath = "github.com/caddy-mailbucket/mailbucket"

// version is set by build/release.sh.
var version string

// Version is the version of mailbucket in this program, such as "v0.1.0", or "(devel)" with
// the commit if it was built from a checkout.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Path != modulePath {
		for _, module := range info.Deps {
			if module.Path == modulePath {
				return module.Version
			}
		}
		return "unknown"
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return "(devel) " + setting.Value[:min(12, len(setting.Value))]
		}
	}
	return "(devel)"
}
