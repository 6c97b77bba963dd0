namespace Jam.Tests.Architecture;

/// <summary>One mention of a type, or of a member of it, somewhere in compiled code.</summary>
/// <param name="FromNamespace">Namespace of the outermost type that the mention stands in; empty for a top-level program.</param>
/// <param name="From">Where it stands: the outermost type, then what the compiler made inside it, then the method.</param>
/// <param name="ToNamespace">Namespace of the outermost type that is mentioned.</param>
/// <param name="ToType">Full name of the outermost type that is mentioned.</param>
/// <param name="ToMember">The member's name where one is mentioned.</param>
internal sealed record Reference(string FromNamespace, string From, string ToNamespace, string ToType, string? ToMember)
{
    /// <summary>How a constructor without parameters is named here: what it takes from its surroundings, nobody handed to it.</summary>
    public const string ParameterlessConstructor = ".ctor()";

    public override string ToString() => $"{From} -> {ToType}{(ToMember is null ? "" : "." + ToMember)}";
}
