/// Which release the programs are of.
package enum ProgramVersion {
    /// The version, as `--version` says it.
    package static let text = "0.1.0"
}
