# What `cmake --install` brings, and the Debian package (docs/install.md).
include(CMakePackageConfigHelpers)
set(ZAHL_SHARE ${CMAKE_INSTALL_DATADIR}/zahl)

# The certificate's scripts and the sources that they judge. A build folder has them at the same
# place beside the program as an installation has.
set(ZAHL_JUDGED certificate isa rtl sim)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/share/zahl)
foreach(folder IN LISTS ZAHL_JUDGED)
  file(
    CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${CMAKE_BINARY_DIR}/share/zahl/${folder}
    SYMBOLIC
  )
endforeach()
install(
  DIRECTORY certificate isa rtl
  DESTINATION ${ZAHL_SHARE}
  FILES_MATCHING
  PATTERN "*.py"
  PATTERN "*.toml"
  PATTERN "*.sv"
  PATTERN "*.svh"
  PATTERN "datapath_*.cpp"
  PATTERN "requirements.txt"
  PATTERN "__pycache__" EXCLUDE
  PATTERN "levels" EXCLUDE
)
install(
  DIRECTORY sim/array sim/base sim/post
  DESTINATION ${ZAHL_SHARE}/sim
  FILES_MATCHING
  PATTERN "*.h"
  PATTERN "*.cpp"
)

install(TARGETS zahl RUNTIME)

# Headers, by the same paths as in the tree.
set(ZAHL_HEADERS ${CMAKE_INSTALL_INCLUDEDIR}/zahl)
install(
  DIRECTORY isa contract memory compiler sim engines host analysis page explain certificate
  DESTINATION ${ZAHL_HEADERS}
  FILES_MATCHING
  PATTERN "*.h"
  PATTERN "formal" EXCLUDE
  PATTERN "objects" EXCLUDE
  PATTERN "run" EXCLUDE
)
install(
  DIRECTORY ${CMAKE_BINARY_DIR}/include/generated
  DESTINATION ${ZAHL_HEADERS}
  FILES_MATCHING
  PATTERN "*.h"
)
install(
  DIRECTORY ${CMAKE_BINARY_DIR}/foreign_include/foreign
  DESTINATION ${ZAHL_HEADERS}
  FILES_MATCHING
  PATTERN "*.h"
)

set(ZAHL_CMAKE ${CMAKE_INSTALL_LIBDIR}/cmake/zahl)
install(EXPORT zahlTargets NAMESPACE zahl:: DESTINATION ${ZAHL_CMAKE})
configure_package_config_file(
  cmake/zahlConfig.cmake.in
  zahlConfig.cmake
  INSTALL_DESTINATION ${ZAHL_CMAKE}
)
write_basic_package_version_file(zahlConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES ${CMAKE_BINARY_DIR}/zahlConfig.cmake ${CMAKE_BINARY_DIR}/zahlConfigVersion.cmake
  DESTINATION ${ZAHL_CMAKE}
)

# Where zsh looks: packages of Debian have a folder of their own.
set(zsh site-functions)
if(EXISTS /etc/debian_version)
  set(zsh vendor-completions)
endif()
set(ZAHL_ZSH_FOLDER ${CMAKE_INSTALL_DATADIR}/zsh/${zsh} CACHE PATH "Where zsh's completion goes")
set(WORDS ${CMAKE_BINARY_DIR}/words)
install(FILES ${WORDS}/zahl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(
  FILES ${WORDS}/zahl.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME zahl
)
install(FILES ${WORDS}/_zahl DESTINATION ${ZAHL_ZSH_FOLDER})
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(
  DIRECTORY docs
  DESTINATION ${CMAKE_INSTALL_DOCDIR}
  FILES_MATCHING
  PATTERN "*.md"
  PATTERN "*.svg"
)

# Level 4 of the certificate reads the program's symbols: nothing is stripped.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME zahl)
set(CPACK_PACKAGE_CONTACT "The Zahl authors <zahl@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "compiler, model and RTL of an int8 NPU that can be trusted")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES OFF)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION electronics)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "python3 (>= 3.11), python3-numpy, binutils")
file(STRINGS cmake/build_packages.txt ZAHL_BUILD_PACKAGES REGEX "^[^#]")
list(JOIN ZAHL_BUILD_PACKAGES ", " CPACK_DEBIAN_PACKAGE_SUGGESTS)
include(CPack)
