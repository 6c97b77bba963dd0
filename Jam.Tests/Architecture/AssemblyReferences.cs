using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;

namespace Jam.Tests.Architecture;

/// <summary>
/// Reads every reference out of a compiled assembly: bases, interfaces, constraints, attributes, fields, signatures, locals,
/// caught exceptions and instruction operands, generic arguments included. What is compiled cannot hide behind a using or a var.
/// </summary>
internal sealed class AssemblyReferences : ISignatureTypeProvider<int, int>
{
    private readonly MetadataReader _metadata;
    private readonly PEReader _file;
    private readonly HashSet<Reference> _found = [];
    private TypeName _type;
    private string _method = "";

    private AssemblyReferences(PEReader file)
    {
        _file = file;
        _metadata = file.GetMetadataReader();
    }

    /// <summary>All references of the assembly, each once per method.</summary>
    public static IReadOnlyCollection<Reference> Read(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = new AssemblyReferences(file);
        foreach (var handle in reader._metadata.TypeDefinitions)
            reader.ReadType(handle);
        return reader._found;
    }

    /// <summary>The assemblies that it names.</summary>
    public static IReadOnlyList<string> ReadAssemblyNames(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }

    private void ReadType(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        _type = TypeName.Of(_metadata, handle);
        _method = "";
        if (_type.IsOfCompiler)
            return;
        Touch(type.BaseType);
        foreach (var implementation in type.GetInterfaceImplementations())
            Touch(_metadata.GetInterfaceImplementation(implementation).Interface);
        ReadConstraints(type.GetGenericParameters());
        ReadAttributes(type.GetCustomAttributes());
        foreach (var field in type.GetFields().Select(_metadata.GetFieldDefinition))
        {
            field.DecodeSignature(this, 0);
            ReadAttributes(field.GetCustomAttributes());
        }
        foreach (var method in type.GetMethods().Select(_metadata.GetMethodDefinition))
            ReadMethod(method);
    }

    private void ReadMethod(MethodDefinition method)
    {
        _method = _metadata.GetString(method.Name);
        method.DecodeSignature(this, 0);
        ReadConstraints(method.GetGenericParameters());
        ReadAttributes(method.GetCustomAttributes());
        foreach (var parameter in method.GetParameters())
            ReadAttributes(_metadata.GetParameter(parameter).GetCustomAttributes());
        if (!method.GetImport().Module.IsNil)
            _found.Add(NativeImport());
        if (method.RelativeVirtualAddress == 0)
            return;
        var body = _file.GetMethodBody(method.RelativeVirtualAddress);
        if (!body.LocalSignature.IsNil)
            _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(this, 0);
        foreach (var region in body.ExceptionRegions)
            Touch(region.CatchType);
        foreach (var token in Instructions.Tokens(body.GetILReader()))
            Touch(token);
    }

    private void ReadConstraints(GenericParameterHandleCollection parameters)
    {
        foreach (var parameter in parameters.Select(_metadata.GetGenericParameter))
        {
            foreach (var constraint in parameter.GetConstraints())
                Touch(_metadata.GetGenericParameterConstraint(constraint).Type);
        }
    }

    private void ReadAttributes(CustomAttributeHandleCollection attributes)
    {
        foreach (var attribute in attributes)
            Touch(_metadata.GetCustomAttribute(attribute).Constructor);
    }

    /// <summary>Notes what a handle names; for a member also what stands in its signature.</summary>
    private void Touch(EntityHandle handle)
    {
        if (handle.IsNil)
            return;
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                Add(TypeName.Of(_metadata, (TypeDefinitionHandle)handle), null);
                break;
            case HandleKind.TypeReference:
                Add(TypeName.Of(_metadata, (TypeReferenceHandle)handle), null);
                break;
            case HandleKind.TypeSpecification:
                _metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, 0);
                break;
            case HandleKind.MethodSpecification:
                var generic = _metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                generic.DecodeSignature(this, 0);
                Touch(generic.Method);
                break;
            case HandleKind.MethodDefinition:
                var method = _metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                Add(TypeName.Of(_metadata, method.GetDeclaringType()), _metadata.GetString(method.Name));
                method.DecodeSignature(this, 0);
                break;
            case HandleKind.FieldDefinition:
                var field = _metadata.GetFieldDefinition((FieldDefinitionHandle)handle);
                Add(TypeName.Of(_metadata, field.GetDeclaringType()), _metadata.GetString(field.Name));
                field.DecodeSignature(this, 0);
                break;
            case HandleKind.MemberReference:
                TouchMember(_metadata.GetMemberReference((MemberReferenceHandle)handle));
                break;
            case HandleKind.StandaloneSignature:
                _metadata.GetStandaloneSignature((StandaloneSignatureHandle)handle).DecodeMethodSignature(this, 0);
                break;
            default:
                throw new NotSupportedException($"{_type.FullName}.{_method} names a {handle.Kind}, which is not known here.");
        }
    }

    private void TouchMember(MemberReference member)
    {
        var name = _metadata.GetString(member.Name);
        if (member.GetKind() == MemberReferenceKind.Field)
            member.DecodeFieldSignature(this, 0);
        else if (member.DecodeMethodSignature(this, 0).ParameterTypes.IsEmpty && name == ".ctor")
            name = Reference.ParameterlessConstructor;
        Touch(member.Parent);
        if (member.Parent.Kind == HandleKind.TypeReference)
            Add(TypeName.Of(_metadata, (TypeReferenceHandle)member.Parent), name);
    }

    private void Add(TypeName target, string? member)
    {
        if (target.IsOfCompiler)
            return;
        _found.Add(new Reference(_type.Namespace, From(), target.Namespace, target.FullName, member));
    }

    /// <summary>The compiler turns this one attribute into a flag; it is given back its name.</summary>
    private Reference NativeImport() =>
        new(_type.Namespace, From(), typeof(DllImportAttribute).Namespace!, typeof(DllImportAttribute).FullName!, null);

    private string From() =>
        (_type.Namespace.Length == 0 ? "" : _type.Namespace + ".") + _type.Path + (_method.Length == 0 ? "" : "." + _method);

    int ISimpleTypeProvider<int>.GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
    {
        Add(TypeName.Of(reader, handle), null);
        return 0;
    }

    int ISimpleTypeProvider<int>.GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
    {
        Add(TypeName.Of(reader, handle), null);
        return 0;
    }

    int ISignatureTypeProvider<int, int>.GetTypeFromSpecification(
        MetadataReader reader, int genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    // Shapes around a type (arrays, pointers, generic arguments) name nothing new: their parts were noted when they were decoded.
    int IConstructedTypeProvider<int>.GetArrayType(int elementType, ArrayShape shape) => 0;

    int IConstructedTypeProvider<int>.GetByReferenceType(int elementType) => 0;

    int IConstructedTypeProvider<int>.GetGenericInstantiation(int genericType, ImmutableArray<int> typeArguments) => 0;

    int IConstructedTypeProvider<int>.GetPointerType(int elementType) => 0;

    int ISZArrayTypeProvider<int>.GetSZArrayType(int elementType) => 0;

    int ISignatureTypeProvider<int, int>.GetFunctionPointerType(MethodSignature<int> signature) => 0;

    int ISignatureTypeProvider<int, int>.GetGenericMethodParameter(int genericContext, int index) => 0;

    int ISignatureTypeProvider<int, int>.GetGenericTypeParameter(int genericContext, int index) => 0;

    int ISignatureTypeProvider<int, int>.GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => 0;

    int ISignatureTypeProvider<int, int>.GetPinnedType(int elementType) => 0;

    int ISimpleTypeProvider<int>.GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;
}
