internal import Console

/// Which release of the program this is.
package enum Release {
    /// The version, as `--version` and `status` say it.
    package static let version = ProgramVersion.text
}
