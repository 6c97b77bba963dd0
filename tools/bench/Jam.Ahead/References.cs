using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace Jam.Ahead;

/// <summary>Names types of other assemblies in the metadata of a new one, and copies signatures there.</summary>
internal sealed class References(MetadataBuilder metadata)
{
    private readonly Dictionary<string, AssemblyReferenceHandle> _assemblies = [];
    private readonly Dictionary<(string, int), EntityHandle> _types = [];
    private readonly Dictionary<(string, EntityHandle), EntityHandle> _mapped = [];

    /// <summary>A type of a library, as one that refers to it names it.</summary>
    public EntityHandle To(Library library, int token)
    {
        if (_types.TryGetValue((library.Name, token), out var known))
            return known;
        var definition = library.Reader.GetTypeDefinition((TypeDefinitionHandle)MetadataTokens.EntityHandle(token));
        var (space, title) = (library.Reader.GetString(definition.Namespace), library.Reader.GetString(definition.Name));
        EntityHandle scope = definition.GetDeclaringType() is { IsNil: false } outer ? To(library, MetadataTokens.GetToken(outer))
            : Assembly(space == "System" && title == "__Canon" ? "System.Private.Canon" : library.Name);
        return _types[(library.Name, token)] = metadata.AddTypeReference(scope, metadata.GetOrAddString(space), metadata.GetOrAddString(title));
    }

    /// <summary>What a library's signature names, as this file names it.</summary>
    private EntityHandle Mapped(Library library, EntityHandle handle)
    {
        if (_mapped.TryGetValue((library.Name, handle), out var known))
            return known;
        EntityHandle mapped;
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                mapped = To(library, MetadataTokens.GetToken(handle));
                break;
            case HandleKind.TypeReference:
                var reference = library.Reader.GetTypeReference((TypeReferenceHandle)handle);
                EntityHandle scope = reference.ResolutionScope.Kind == HandleKind.AssemblyReference
                    ? Assembly(library.Reader.GetString(library.Reader.GetAssemblyReference((AssemblyReferenceHandle)reference.ResolutionScope).Name))
                    : Mapped(library, reference.ResolutionScope);
                mapped = metadata.AddTypeReference(scope, metadata.GetOrAddString(library.Reader.GetString(reference.Namespace)), metadata.GetOrAddString(library.Reader.GetString(reference.Name)));
                break;
            default:
                throw new NotSupportedException($"{handle.Kind} in a signature of {library.Name}");
        }
        return _mapped[(library.Name, handle)] = mapped;
    }

    /// <summary>Copies a method's signature.</summary>
    public void CopyMethod(Library library, ref BlobReader from, BlobBuilder to)
    {
        var header = from.ReadByte();
        to.WriteByte(header);
        if ((header & 0x10) != 0)
            to.WriteCompressedInteger(from.ReadCompressedInteger());
        var count = from.ReadCompressedInteger();
        to.WriteCompressedInteger(count);
        for (var i = 0; i <= count; i++)
            CopyType(library, ref from, to);
    }

    private void CopyType(Library library, ref BlobReader from, BlobBuilder to)
    {
        var element = from.ReadByte();
        to.WriteByte(element);
        switch ((SignatureTypeCode)element)
        {
            case SignatureTypeCode.Pointer or SignatureTypeCode.ByReference or SignatureTypeCode.SZArray or SignatureTypeCode.Pinned:
                CopyType(library, ref from, to);
                break;
            case (SignatureTypeCode)SignatureTypeKind.ValueType or (SignatureTypeCode)SignatureTypeKind.Class:
                CopyToken(library, ref from, to);
                break;
            case SignatureTypeCode.GenericTypeParameter or SignatureTypeCode.GenericMethodParameter:
                to.WriteCompressedInteger(from.ReadCompressedInteger());
                break;
            case SignatureTypeCode.GenericTypeInstance:
                to.WriteByte(from.ReadByte());
                CopyToken(library, ref from, to);
                var count = from.ReadCompressedInteger();
                to.WriteCompressedInteger(count);
                for (var i = 0; i < count; i++)
                    CopyType(library, ref from, to);
                break;
            case SignatureTypeCode.Array:
                CopyType(library, ref from, to);
                to.WriteCompressedInteger(from.ReadCompressedInteger());
                for (var list = 0; list < 2; list++)
                {
                    var bounds = from.ReadCompressedInteger();
                    to.WriteCompressedInteger(bounds);
                    for (var i = 0; i < bounds; i++)
                    {
                        if (list == 0)
                            to.WriteCompressedInteger(from.ReadCompressedInteger());
                        else
                            to.WriteCompressedSignedInteger(from.ReadCompressedSignedInteger());
                    }
                }
                break;
            case SignatureTypeCode.FunctionPointer:
                CopyMethod(library, ref from, to);
                break;
            case SignatureTypeCode.RequiredModifier or SignatureTypeCode.OptionalModifier:
                CopyToken(library, ref from, to);
                CopyType(library, ref from, to);
                break;
        }
    }

    private void CopyToken(Library library, ref BlobReader from, BlobBuilder to) =>
        to.WriteCompressedInteger(CodedIndex.TypeDefOrRefOrSpec(Mapped(library, from.ReadTypeHandle())));

    private AssemblyReferenceHandle Assembly(string name)
    {
        if (!_assemblies.TryGetValue(name, out var handle))
            _assemblies[name] = handle = metadata.AddAssemblyReference(metadata.GetOrAddString(name), new Version(0, 0, 0, 0), default, default, 0, default);
        return handle;
    }
}
