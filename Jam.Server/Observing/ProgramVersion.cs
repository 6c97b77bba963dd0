using System.Reflection;

namespace Jam.Server.Observing;

/// <summary>Which program this is: its version, and the commit that it was built from, as the build wrote them down.</summary>
public static class ProgramVersion
{
    private static readonly string[] s_parts =
        (typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0").Split('+', 2);

    /// <summary>As <c>0.1.0</c>.</summary>
    public static string Number => s_parts[0];

    /// <summary>Hexadecimal digits of the commit, at most twelve; <c>unknown</c> where the build knew none.</summary>
    public static string Commit => s_parts is [_, var commit] ? commit[..Math.Min(12, commit.Length)] : "unknown";

    /// <summary>Both, for people.</summary>
    public static string Text => $"{Number} (commit {Commit})";
}
