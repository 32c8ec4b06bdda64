internal import Console

/// Which release of the program this is.
public enum Release {
    /// The version, as `--version` and `status` say it.
    public static let version = ProgramVersion.text
}
