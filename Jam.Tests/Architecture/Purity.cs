namespace Jam.Tests.Architecture;

/// <summary>
/// What code without surroundings may use of the framework. Namespaces are named by what is allowed, so that a package or a part of
/// the framework that nobody thought of is refused; inside them, types and members are named by what is not.
/// </summary>
internal sealed class Purity
{
    private static readonly HashSet<string> Namespaces =
    [
        "System", "System.Buffers", "System.Buffers.Binary", "System.Collections", "System.Collections.Frozen",
        "System.Collections.Generic", "System.Collections.Immutable", "System.Collections.ObjectModel", "System.Diagnostics",
        "System.Diagnostics.CodeAnalysis", "System.Globalization", "System.Linq", "System.Numerics", "System.Runtime.CompilerServices",
        "System.Runtime.InteropServices", "System.Runtime.Intrinsics", "System.Runtime.Intrinsics.Arm", "System.Runtime.Intrinsics.X86",
        "System.Security.Cryptography", "System.Text", "System.Text.RegularExpressions", "System.Text.Unicode", "Microsoft.CodeAnalysis",
    ];

    /// <summary>
    /// Data that lives in a namespace of things that act: what went wrong with bytes, an address (comparing two does no I/O), the name
    /// of a type, and what the compiler writes on an indexer.
    /// </summary>
    private static readonly HashSet<string> Data =
    [
        "System.IO.InvalidDataException", "System.IO.EndOfStreamException", "System.Net.IPAddress", "System.Net.IPEndPoint",
        "System.Reflection.MemberInfo", "System.Reflection.DefaultMemberAttribute",
    ];

    /// <summary>Iterators note the thread that made them; the compiler writes that.</summary>
    private static readonly HashSet<string> Harmless = ["System.Environment.get_CurrentManagedThreadId"];

    private static readonly HashSet<string> Types =
    [
        "System.AppContext", "System.AppDomain", "System.Console", "System.Environment", "System.GC", "System.TimeProvider",
        "System.Diagnostics.Process", "System.Diagnostics.Stopwatch", "System.Diagnostics.Activity", "System.Diagnostics.ActivitySource",
        "System.Diagnostics.Trace", "System.Runtime.InteropServices.NativeLibrary", "System.Runtime.InteropServices.DllImportAttribute",
        "System.Runtime.InteropServices.LibraryImportAttribute", "System.Security.Cryptography.RandomNumberGenerator",
    ];

    private static readonly HashSet<string> Members =
    [
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTime.get_Today",
        "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow", "System.TimeZoneInfo.get_Local",
        "System.Guid.NewGuid", "System.Guid.CreateVersion7", "System.Random.get_Shared",
        "System.Random." + Reference.ParameterlessConstructor,
    ];

    private readonly HashSet<string> _also;

    /// <summary>With types or whole namespaces that one place may use besides; each needs its reason.</summary>
    public Purity(params string[] also) => _also = [.. also];

    public bool Allows(Reference reference)
    {
        if (_also.Contains(reference.ToType) || _also.Contains(reference.ToNamespace) || Data.Contains(reference.ToType))
            return true;
        var member = $"{reference.ToType}.{reference.ToMember}";
        if (Harmless.Contains(member))
            return true;
        // The mention of the type beside a harmless member carries no member; the members tell.
        if (reference.ToType == "System.Environment" && reference.ToMember is null)
            return true;
        return Namespaces.Contains(reference.ToNamespace) && !Types.Contains(reference.ToType) && !Members.Contains(member)
            && !reference.ToType.StartsWith("System.Runtime.CompilerServices.Async", StringComparison.Ordinal);
    }
}
