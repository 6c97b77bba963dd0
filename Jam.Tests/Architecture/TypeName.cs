using System.Reflection.Metadata;

namespace Jam.Tests.Architecture;

/// <summary>A type by its outermost type: nested ones, closures and state machines belong to whoever holds them.</summary>
internal readonly record struct TypeName(string Namespace, string Outermost, string Path)
{
    /// <summary>Full name of the outermost type.</summary>
    public string FullName => Namespace.Length == 0 ? Outermost : $"{Namespace}.{Outermost}";

    /// <summary>Whether the compiler made it for the assembly as a whole (initial values of arrays and the like).</summary>
    public bool IsOfCompiler => Outermost.StartsWith('<');

    public static TypeName Of(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        var type = metadata.GetTypeDefinition(handle);
        var name = metadata.GetString(type.Name);
        if (type.GetDeclaringType() is { IsNil: false } outer)
            return Of(metadata, outer).With(name);
        return new TypeName(metadata.GetString(type.Namespace), name, name);
    }

    public static TypeName Of(MetadataReader metadata, TypeReferenceHandle handle)
    {
        var type = metadata.GetTypeReference(handle);
        var name = metadata.GetString(type.Name);
        if (type.ResolutionScope.Kind == HandleKind.TypeReference)
            return Of(metadata, (TypeReferenceHandle)type.ResolutionScope).With(name);
        return new TypeName(metadata.GetString(type.Namespace), name, name);
    }

    private TypeName With(string nested) => this with { Path = $"{Path}+{nested}" };
}
