using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Jam.Ahead;

/// <summary>Writes methods as a profile that the compiler of ready-to-run images reads (mibc): an assembly whose code names them.</summary>
internal sealed class Profile
{
    private readonly MetadataBuilder _metadata = new();
    private readonly Assemblies _assemblies;
    private readonly References _references;
    private readonly SortedDictionary<string, List<EntityHandle>> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<(EntityHandle, StringHandle, BlobHandle), MemberReferenceHandle> _members = [];
    private readonly Dictionary<(MemberReferenceHandle, BlobHandle), MethodSpecificationHandle> _instances = [];
    private readonly Dictionary<BlobHandle, TypeSpecificationHandle> _types = [];
    private readonly HashSet<EntityHandle> _named = [];
    private HashSet<string> _used = [];

    public Profile(Assemblies assemblies) => (_assemblies, _references) = (assemblies, new References(_metadata));

    /// <summary>Adds what a trace names.</summary>
    /// <returns>How many methods are new.</returns>
    public int Add(RuntimeTrace trace)
    {
        var added = 0;
        foreach (var method in trace.Methods.Values)
        {
            _used = [];
            try
            {
                var handle = Method(trace, method);
                if (!_named.Add(handle))
                    continue;
                var group = string.Join(';', _used.Order(StringComparer.Ordinal)) + ";";
                if (!_groups.TryGetValue(group, out var members))
                    _groups[group] = members = [];
                members.Add(handle);
                added++;
            }
            catch (KeyNotFoundException)
            {
                // Its type was told of before the trace began, or it has none.
            }
        }
        return added;
    }

    /// <summary>Writes the file.</summary>
    public void Write(string path)
    {
        var il = new BlobBuilder();
        var bodies = new MethodBodyStreamEncoder(il);
        var signature = _metadata.GetOrAddBlob(ImmutableArray.Create<byte>(0, 0, 1)); // static void ()
        var row = 2;
        var dictionary = new InstructionEncoder(new BlobBuilder());
        var groupBodies = new List<int>();
        foreach (var (name, methods) in _groups)
        {
            var code = new InstructionEncoder(new BlobBuilder());
            foreach (var method in methods)
            {
                code.OpCode(ILOpCode.Ldtoken);
                code.Token(method);
                code.OpCode(ILOpCode.Pop);
            }
            code.OpCode(ILOpCode.Ret);
            groupBodies.Add(bodies.AddMethodBody(code));
            dictionary.LoadString(_metadata.GetOrAddUserString(name));
            dictionary.OpCode(ILOpCode.Ldtoken);
            dictionary.Token(MetadataTokens.MethodDefinitionHandle(row++));
            dictionary.OpCode(ILOpCode.Pop);
        }
        dictionary.OpCode(ILOpCode.Ret);
        const MethodAttributes global = MethodAttributes.Public | MethodAttributes.Static;
        _metadata.AddMethodDefinition(global, MethodImplAttributes.IL, _metadata.GetOrAddString("AssemblyDictionary"), signature, bodies.AddMethodBody(dictionary), default);
        for (var i = 0; i < groupBodies.Count; i++)
            _metadata.AddMethodDefinition(global, MethodImplAttributes.IL, _metadata.GetOrAddString($"Group{i}"), signature, groupBodies[i], default);
        _metadata.AddTypeDefinition(0, default, _metadata.GetOrAddString("<Module>"), default, MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        var file = Path.GetFileNameWithoutExtension(path);
        _metadata.AddModule(0, _metadata.GetOrAddString(file + ".dll"), _metadata.GetOrAddGuid(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)), default, default);
        _metadata.AddAssembly(_metadata.GetOrAddString(file), new Version(1, 0), default, default, 0, AssemblyHashAlgorithm.None);
        var pe = new BlobBuilder();
        new ManagedPEBuilder(PEHeaderBuilder.CreateLibraryHeader(), new MetadataRootBuilder(_metadata), il, deterministicIdProvider: _ => new BlobContentId(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), 1)).Serialize(pe);
        using var to = File.Create(path);
        pe.WriteContentTo(to);
    }

    private EntityHandle Method(RuntimeTrace trace, MethodKey method)
    {
        var owner = trace.Types[method.Type];
        var library = LibraryOf(trace.Modules[owner.Module]);
        var definition = library.Reader.GetMethodDefinition((MethodDefinitionHandle)MetadataTokens.EntityHandle(method.Token));
        var blob = new BlobBuilder();
        var from = library.Reader.GetBlobReader(definition.Signature);
        _references.CopyMethod(library, ref from, blob);
        var known = (Type(trace, method.Type), _metadata.GetOrAddString(library.Reader.GetString(definition.Name)), _metadata.GetOrAddBlob(blob));
        if (!_members.TryGetValue(known, out var handle))
            _members[known] = handle = _metadata.AddMemberReference(known.Item1, known.Item2, known.Item3);
        if (method.Arguments.Length == 0)
            return handle;
        var arguments = new BlobBuilder();
        arguments.WriteByte((byte)SignatureKind.MethodSpecification);
        arguments.WriteCompressedInteger(method.Arguments.Length);
        foreach (var argument in method.Arguments)
            WriteType(trace, argument, arguments);
        var made = (handle, _metadata.GetOrAddBlob(arguments));
        if (!_instances.TryGetValue(made, out var instance))
            _instances[made] = instance = _metadata.AddMethodSpecification(handle, made.Item2);
        return instance;
    }

    private EntityHandle Type(RuntimeTrace trace, ulong id)
    {
        var key = trace.Types[id];
        if (key is { Arguments: [], IsArray: false })
            return _references.To(LibraryOf(trace.Modules[key.Module]), key.Token);
        var blob = new BlobBuilder();
        WriteType(trace, id, blob);
        var handle = _metadata.GetOrAddBlob(blob);
        if (!_types.TryGetValue(handle, out var type))
            _types[handle] = type = _metadata.AddTypeSpecification(handle);
        return type;
    }

    private void WriteType(RuntimeTrace trace, ulong id, BlobBuilder to)
    {
        var key = trace.Types[id];
        if (key.IsArray)
        {
            to.WriteByte((byte)SignatureTypeCode.SZArray);
            WriteType(trace, key.Arguments[0], to);
            return;
        }
        var library = LibraryOf(trace.Modules[key.Module]);
        var isValue = IsValue(library, library.Reader.GetTypeDefinition((TypeDefinitionHandle)MetadataTokens.EntityHandle(key.Token)));
        if (key.Arguments.Length > 0)
            to.WriteByte((byte)SignatureTypeCode.GenericTypeInstance);
        to.WriteByte((byte)(isValue ? SignatureTypeKind.ValueType : SignatureTypeKind.Class));
        to.WriteCompressedInteger(CodedIndex.TypeDefOrRefOrSpec(_references.To(library, key.Token)));
        if (key.Arguments.Length == 0)
            return;
        to.WriteCompressedInteger(key.Arguments.Length);
        foreach (var argument in key.Arguments)
            WriteType(trace, argument, to);
    }

    private static bool IsValue(Library library, TypeDefinition type)
    {
        if (type.BaseType.IsNil)
            return false;
        var (space, name) = type.BaseType.Kind switch
        {
            HandleKind.TypeReference => library.Reader.GetTypeReference((TypeReferenceHandle)type.BaseType) is var r ? (library.Reader.GetString(r.Namespace), library.Reader.GetString(r.Name)) : default,
            HandleKind.TypeDefinition => library.Reader.GetTypeDefinition((TypeDefinitionHandle)type.BaseType) is var d ? (library.Reader.GetString(d.Namespace), library.Reader.GetString(d.Name)) : default,
            _ => default,
        };
        return space == "System" && (name == "Enum" || (name == "ValueType" && library.Reader.GetString(type.Name) != "Enum"));
    }

    private Library LibraryOf(string name)
    {
        _used.Add(name);
        return _assemblies.Find(name);
    }
}
